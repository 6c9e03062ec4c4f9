import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { keyward, NOW } from '../../support/command-line.ts';
import { folderOfTest } from '../../support/folder-of-test.ts';
import { operationsStub } from '../../support/operations-stub.ts';

const probe = {
  client: 'checkout',
  scope: 'payments',
  url: 'https://checkout.example/probe',
  set_at: NOW - 60,
  answers: [
    { probe: 'fresh', verdict: 'right', status: 200, why: null, at: NOW },
    { probe: 'without_kid', verdict: 'wrong', status: 200, why: 'it accepts a token', at: NOW },
  ],
  not_sent: [] as { probe: string; why: string }[],
  expired_due_at: NOW + 120,
  next_at: NOW + 3_600,
};
const well = { ...probe, client: 'mail', answers: probe.answers.slice(0, 1) };
const undrilled = {
  ...well,
  client: 'shop',
  not_sent: [{ probe: 'other_scope', why: 'no drill scope' }],
};
const idle = { ...probe, client: 'old', answers: [], next_at: null };

async function calling(...argv: string[]) {
  const file = join(folderOfTest(), 'operator');
  const stub = await operationsStub({
    'GET /probes': [200, { probes: [probe, well, undrilled, idle] }],
    'POST /clients/checkout/probe': [200, { probe }],
    'DELETE /clients/checkout/probe': [200, { client: 'checkout', scope: 'payments' }],
    'POST /clients/checkout/probe/run': [200, { probe }],
    'POST /clients/mail/probe/run': [200, { probe: well }],
    'POST /clients/shop/probe/run': [200, { probe: undrilled }],
  });
  writeFileSync(file, `kw_ops_of_a_test\norigin ${stub.url}\n`, { mode: 0o600 });
  try {
    const result = await keyward(['client', 'probe', ...argv, '--url', stub.url, '--credential-file', file]);
    return { ...result, seen: stub.seen.map(({ body }) => body) };
  } finally {
    await stub.close();
  }
}

it('lists who is probed, the worst of their answers, and which those are', async () => {
  const { out, exitCode } = await calling('list');
  expect([exitCode, out.split('\n')]).toEqual([
    0,
    [
      'CLIENT    SCOPE     VERDICT         NOT AS IT MUST BE  NOT SENT     NEXT                              URL',
      'checkout  payments  wrong           without_kid        -            2026-11-23 21:00:00Z (in 1 hour)  https://checkout.example/probe',
      'mail      payments  right           -                  -            2026-11-23 21:00:00Z (in 1 hour)  https://checkout.example/probe',
      'shop      payments  incomplete      -                  other_scope  2026-11-23 21:00:00Z (in 1 hour)  https://checkout.example/probe',
      'old       payments  may not verify  -                  -            -                                 https://checkout.example/probe',
      '',
      'other_scope is not sent: no drill scope',
      '',
    ],
  ]);
});

it('runs one, and ends with 1 where an answer is not as it must be', async () => {
  const { out, exitCode, seen } = await calling('run', 'checkout', 'payments');
  expect([exitCode, seen]).toEqual([1, [{ scope: 'payments' }]]);
  expect(out).toContain('without_kid  wrong    200');
  expect((await calling('run', 'mail', 'payments')).exitCode).toBe(0);
});

it('says which token was not sent, and why', async () => {
  const { out, exitCode } = await calling('run', 'shop', 'payments');
  expect([exitCode, out.split('\n').slice(-4)]).toEqual([
    0,
    [
      'TOKEN        VERDICT   STATUS  SENT                        WHY',
      'fresh        right     200     2026-11-23 20:00:00Z (now)  -',
      'other_scope  not sent  -       -                           no drill scope',
      '',
    ],
  ]);
  expect((await calling('run', 'mail', 'payments')).out).not.toContain('not sent');
});

it('sets and removes', async () => {
  const set = await calling('set', 'checkout', 'payments', probe.url);
  expect([set.exitCode, set.seen]).toEqual([0, [{ scope: 'payments', url: probe.url }]]);
  const removed = await calling('remove', 'checkout', 'payments');
  expect([removed.exitCode, removed.out]).toEqual([0, 'checkout is not probed for payments any more\n']);
});

it('prints what the service answered with --json', async () => {
  const { out } = await calling('list', '--json');
  expect(JSON.parse(out)).toEqual({ probes: [probe, well, undrilled, idle] });
});
