import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { keyward as call, NOW } from '../../support/command-line.ts';
import { operationsStub } from '../../support/operations-stub.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const dead = {
  id: 12,
  message_id: 'msg_1',
  kind: 'event',
  event: 17,
  last_event: 17,
  events: 1,
  severity: 'critical',
  route: 'default',
  target: 'on-call',
  contacts_of: null,
  state: 'dead',
  attempts: 10,
  created_at: NOW - 60,
  next_attempt_at: null,
  settled_at: NOW,
  last_error: 'answered 500',
};
const contacts = {
  ...dead,
  id: 11,
  kind: 'summary',
  route: 'contacts',
  contacts_of: 'payments',
  state: 'pending',
  attempts: 0,
  last_error: null,
};
const good = { target: 'siem', type: 'syslog', ok: true, error: null };
const bad = { target: 'on-call', type: 'webhook', ok: false, error: 'answered 500' };

const folder = temporaryFolder();
const credentialFile = join(folder.path, 'operator');
let stub: Awaited<ReturnType<typeof operationsStub>>;

beforeAll(async () => {
  stub = await operationsStub({
    'GET /notifications/deliveries': [200, { deliveries: [dead, contacts], next: null }],
    'GET /notifications/deliveries?state=dead&target=siem': [200, { deliveries: [], next: null }],
    'POST /notifications/deliveries/12/replay': [
      200,
      { delivery: { ...dead, state: 'pending', attempts: 0 } },
    ],
    'POST /notifications/deliveries/11/replay': [409, { code: 'delivery_not_dead', detail: 'it is pending' }],
    'POST /notifications/test': [200, { tests: [bad, good] }],
  });
});
beforeEach(() => writeFileSync(credentialFile, `kw_ops_of_a_test\norigin ${stub.url}\n`, { mode: 0o600 }));
afterAll(async () => {
  await stub.close();
  folder.remove();
});
beforeEach(() => {
  stub.seen.length = 0;
});

const keyward = (...argv: string[]) =>
  call(['notify', ...argv, '--url', stub.url, '--credential-file', credentialFile]);

describe('keyward notify', () => {
  it('test shows how each target took it, and ends with 1 where one did not', async () => {
    const { exitCode, out } = await keyward('test');
    expect([exitCode, out]).toEqual([
      1,
      [
        'TARGET   TYPE     RESULT  ERROR',
        'on-call  webhook  failed  answered 500',
        'siem     syslog   sent',
        '',
      ].join('\n'),
    ]);
    const json = await keyward('test', '--target', 'on-call', '--json');
    expect([json.exitCode, JSON.parse(json.out)]).toEqual([1, { tests: [bad, good] }]);
    expect(stub.seen.map(({ body }) => body)).toEqual([{}, { target: 'on-call' }]);
  });

  it.each([
    ['ends with 0 where all took it', [good], 0, /^TARGET/],
    ['says that there is no target', [], 1, /^no notification target is configured/],
  ])('test %s', async (_what, tests, code, said) => {
    const other = await operationsStub({ 'POST /notifications/test': [200, { tests }] });
    writeFileSync(credentialFile, `kw_ops_of_a_test\norigin ${other.url}\n`, { mode: 0o600 });
    const { exitCode, out } = await call([
      ...['notify', 'test', '--url', other.url, '--credential-file', credentialFile],
    ]);
    await other.close();
    expect([exitCode, out]).toEqual([code, expect.stringMatching(said)]);
  });

  it('list shows what there is, and asks for what is wanted', async () => {
    expect((await keyward('list')).out).toBe(
      [
        'ID  EVENT         SEVERITY  ROUTE                 TARGET   STATE    ATTEMPTS  SINCE                                LAST ERROR',
        '12  17            critical  default               on-call  dead     10        2026-11-23 19:59:00Z (1 minute ago)  answered 500',
        '11  17 (summary)  critical  contacts of payments  on-call  pending  0         2026-11-23 19:59:00Z (1 minute ago)',
        '',
      ].join('\n'),
    );
    expect((await keyward('list', '--state', 'dead', '--target', 'siem')).out).toBe('no deliveries\n');
    const { exitCode, err } = await keyward('list', '--state', 'lost');
    expect([exitCode, err]).toEqual([2, expect.stringContaining('pending, delivered, dead')]);
  });

  it('replay sends what was given up again, and says why it does not', async () => {
    const { exitCode, out } = await keyward('replay', '12');
    expect([exitCode, out]).toEqual([0, expect.stringContaining('pending')]);
    const refused = await keyward('replay', '11');
    expect([refused.exitCode, refused.err]).toEqual([1, 'error: it is pending [delivery_not_dead]\n']);
    expect((await keyward('replay', 'x')).exitCode).toBe(2);
  });
});
