import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { keyward as call, NOW } from '../../support/command-line.ts';
import { operationsStub } from '../../support/operations-stub.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const rule = {
  sequence: 7,
  scope: null,
  jti: null,
  root: null,
  client: 'checkout',
  issued_from: null,
  issued_until: NOW - 60,
  created_at: NOW - 60,
  lapses_at: NOW + 90_000,
  revoked_by: 'ada',
  reason: 'found in a repository',
};
const event = {
  sequence: 3,
  raised_at: NOW - 60,
  type: 'token.never_issued',
  severity: 'critical',
  subject: 'key:kid-1',
  evidence: { claims: { sub: 'mallory' } },
  state: 'open',
  acknowledged: null,
  resolved: null,
};

let folder: ReturnType<typeof temporaryFolder>;
let stub: Awaited<ReturnType<typeof operationsStub>>;
beforeAll(async () => {
  folder = temporaryFolder();
  mkdirSync(join(folder.path, '.keyward'));
  stub = await operationsStub({
    'POST /revocations': [201, { revocation: rule }],
    'GET /revocations': [200, { revocations: [rule], next: null }],
    'GET /revocations?after=7': [200, { revocations: [], next: null }],
    'GET /events': [200, { events: [event], next: null }],
    'GET /events?after=3': [200, { events: [], next: null }],
  });
  writeFileSync(join(folder.path, 'operator'), `kw_ops_of_a_test\norigin ${stub.url}\n`, { mode: 0o600 });
});
afterAll(async () => {
  await stub.close();
  folder.remove();
});
beforeEach(() => void stub.seen.splice(0));

const keyward = (argv: readonly string[]) =>
  call(['--url', stub.url, '--credential-file', join(folder.path, 'operator'), ...argv]);

const MINUTE_AGO = '2026-11-23 19:59:00Z (1 minute ago)';
const TABLE = [
  ['SEQUENCE', 'SCOPE', 'TOKENS', 'ISSUED FROM', 'ISSUED UNTIL', 'REVOKED', 'BY', 'REASON'],
  ['7', 'all', 'client checkout', '-', MINUTE_AGO, MINUTE_AGO, 'ada', 'found in a repository'],
];

describe('revoking', () => {
  it('sends the rule that the options make, and nothing that was not given', async () => {
    const { exitCode } = await keyward([
      'revoke',
      '--client',
      'checkout',
      '--reason',
      'found in a repository',
    ]);
    expect(exitCode).toBe(0);
    expect(stub.seen).toMatchObject([
      { method: 'POST', path: '/revocations', body: { client: 'checkout', reason: 'found in a repository' } },
    ]);
    expect(Object.keys(stub.seen[0]?.body as object).sort()).toEqual(['client', 'reason']);
  });

  it('sends times as the API names them', async () => {
    await keyward(['revoke', '--scope', 'payments', '--from', '10', '--until', '20']);
    expect(stub.seen[0]?.body).toEqual({ scope: 'payments', issued_from: 10, issued_until: 20 });
  });

  it('lists the rules in force, a line each', async () => {
    const { out } = await keyward(['revocation', 'list']);
    const words = (line: string) => line.split(/ {2,}/);
    expect(out.trimEnd().split('\n').map(words)).toEqual(TABLE);
    expect((await keyward(['revocation', 'list', '--after', '7'])).out).toBe('nothing is revoked\n');
    expect(JSON.parse((await keyward(['revocation', 'list', '--json'])).out)).toEqual({
      revocations: [rule],
      next: null,
    });
  });
});

describe('security events', () => {
  it('are listed without their evidence, which --json shows', async () => {
    const { out } = await keyward(['event', 'list']);
    expect(out).toContain('3      critical  token.never_issued  key:kid-1');
    expect(out).not.toContain('mallory');
    expect(JSON.parse((await keyward(['event', 'list', '--json'])).out)).toEqual({
      events: [event],
      next: null,
    });
    expect((await keyward(['event', 'list', '--after', '3'])).out).toBe('no security events\n');
  });
});
