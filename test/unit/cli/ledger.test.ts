import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { utc } from '../../../src/cli/text.ts';
import { keyward as call, NOW } from '../../support/command-line.ts';
import { operationsStub } from '../../support/operations-stub.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const record = {
  scope: 'payments',
  kid: 'kid-1',
  jti: 'jti-1',
  client: 'checkout',
  subject: 'user-1',
  root: null,
  trace_id: null,
  iat: NOW - 60,
  erased: false,
};
const TRACE = '0af7651916cd43dd8448eb211c80319c';
const erased = { ...record, jti: 'jti-2', subject: null, trace_id: TRACE, erased: true };
const page = (records: object[], next: number | null) => [200, { records, next }] as const;

let folder: ReturnType<typeof temporaryFolder>;
let stub: Awaited<ReturnType<typeof operationsStub>>;
beforeAll(async () => {
  folder = temporaryFolder();
  stub = await operationsStub({
    'GET /ledger?subject=user+1&after=0&limit=1000': page([record], 50),
    'GET /ledger?subject=user+1&after=50&limit=1000': page([], 90),
    'GET /ledger?subject=user+1&after=90&limit=1000': page([erased], null),
    'GET /ledger?jti=none&from=1&to=2&after=0&limit=1000': page([], null),
    'GET /ledger?client=checkout&from=1764039600&after=0&limit=1000': page([record], null),
    'POST /ledger/erase': [200, { records: 4, security_events: 1, reports: 2 }],
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
const cells = (out: string) =>
  out
    .trimEnd()
    .split('\n')
    .map((line) => line.split(/ {2,}/));

describe('ledger find', () => {
  const argv = ['ledger', 'find', '--subject', 'user 1'];

  it('goes through all pages and shows them as one table', async () => {
    const { exitCode, out } = await keyward(argv);
    const issued = '2026-11-23 19:59:00Z (1 minute ago)';
    expect(exitCode).toBe(0);
    expect(cells(out)).toEqual([
      ['ISSUED', 'SCOPE', 'CLIENT', 'SUBJECT', 'ROOT', 'JTI', 'KID', 'TRACE'],
      [issued, 'payments', 'checkout', 'user-1', '-', 'jti-1', 'kid-1', '-'],
      [issued, 'payments', 'checkout', 'erased', 'erased', 'jti-2', 'kid-1', TRACE],
    ]);
  });

  it('prints JSON Lines with --json', async () => {
    const { out } = await keyward([...argv, '--json']);
    expect(out).toBe(`${JSON.stringify(record)}\n${JSON.stringify(erased)}\n`);
  });

  it('says that there is nothing, and with --json says nothing', async () => {
    const none = ['ledger', 'find', '--jti', 'none', '--from', '1', '--to', '2'];
    expect((await keyward(none)).out).toBe('no records\n');
    expect((await keyward([...none, '--json'])).out).toBe('');
  });
});

it('finds from the hour on that a review prints', async () => {
  const hour = utc(1_764_039_600);
  const { exitCode, out } = await keyward(['ledger', 'find', '--client', 'checkout', '--from', hour]);
  expect([exitCode, cells(out).length]).toEqual([0, 2]);
  const wrong = await keyward(['ledger', 'find', '--from', 'yesterday']);
  expect(wrong.exitCode).toBe(2);
});

describe('ledger erase', () => {
  it('names the subject in the body, never in the address, and tells how much was erased', async () => {
    const { out } = await keyward(['ledger', 'erase', '--subject', 'user 1']);
    expect(out).toBe('erased in 4 records, 1 security events and 2 reports\n');
    expect(stub.seen).toMatchObject([{ method: 'POST', path: '/ledger/erase', body: { subject: 'user 1' } }]);
  });

  it('needs a subject', async () => {
    expect((await keyward(['ledger', 'erase'])).exitCode).toBe(2);
  });
});
