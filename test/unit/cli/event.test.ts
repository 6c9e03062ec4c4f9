import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { keyward as call, NOW } from '../../support/command-line.ts';
import { operationsStub } from '../../support/operations-stub.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const open = {
  sequence: 17,
  raised_at: NOW - 60,
  type: 'hsm.unavailable',
  severity: 'critical',
  subject: 'hsm:primary',
  evidence: { hsm_token: 'primary', since: NOW - 70, why: 'no such token' },
  state: 'open',
  acknowledged: null,
  resolved: null,
};
const taken = { ...open, state: 'acknowledged', acknowledged: { by: 'ada', at: NOW, note: 'looking at it' } };
const erased = { ...open, sequence: 18, evidence: null };

const folder = temporaryFolder();
const credentialFile = join(folder.path, 'operator');
let stub: Awaited<ReturnType<typeof operationsStub>>;

beforeAll(async () => {
  stub = await operationsStub({
    'GET /events': [200, { events: [open], next: null }],
    'GET /events?state=open&severity=critical': [200, { events: [], next: null }],
    'GET /events/18': [200, { event: erased }],
    'POST /events/17/acknowledge': [200, { event: taken }],
    'POST /events/17/resolve': [409, { code: 'event_resolved', detail: 'ben has resolved it' }],
  });
  writeFileSync(credentialFile, `kw_ops_of_a_test\norigin ${stub.url}\n`, { mode: 0o600 });
});
afterAll(async () => {
  await stub.close();
  folder.remove();
});
beforeEach(() => {
  stub.seen.length = 0;
});

const keyward = (...argv: string[]) =>
  call(['event', ...argv, '--url', stub.url, '--credential-file', credentialFile]);

describe('keyward event', () => {
  it('list shows what there is, and asks for what is wanted', async () => {
    expect((await keyward('list')).out).toBe(
      [
        'EVENT  SEVERITY  TYPE             SUBJECT      STATE  RAISED',
        '17     critical  hsm.unavailable  hsm:primary  open   2026-11-23 19:59:00Z (1 minute ago)',
        '',
      ].join('\n'),
    );
    expect((await keyward('list', '--state', 'open', '--severity', 'critical')).out).toBe(
      'no security events\n',
    );
    const { exitCode, err } = await keyward('list', '--state', 'ajar');
    expect([exitCode, err]).toEqual([2, expect.stringContaining('open, acknowledged, resolved')]);
  });

  it('acknowledge says who took it up, with the note, and shows the evidence', async () => {
    const { exitCode, out } = await keyward('acknowledge', '17', '--note', 'looking at it');
    expect(exitCode).toBe(0);
    expect(stub.seen.at(-1)).toMatchObject({
      method: 'POST',
      path: '/events/17/acknowledge',
      body: { note: 'looking at it' },
    });
    expect(out).toContain('acknowledged  ada, 2026-11-23 20:00:00Z (now): looking at it\n');
    expect(out).toContain('why        no such token\n');
  });

  it('resolve demands what it was, and shows why it was refused', async () => {
    expect((await keyward('resolve', '17')).exitCode).toBe(2);
    expect(stub.seen).toEqual([]);
    const { exitCode, err } = await keyward('resolve', '17', '--note', 'a drill');
    expect([exitCode, err]).toEqual([1, 'error: ben has resolved it [event_resolved]\n']);
  });

  it('show says that evidence was erased', async () => {
    expect((await keyward('show', '18')).out).toContain('\n\nthe evidence was erased\n');
  });
});
