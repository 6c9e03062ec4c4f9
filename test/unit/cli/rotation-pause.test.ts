import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { keyward } from '../../support/command-line.ts';
import { folderOfTest } from '../../support/folder-of-test.ts';
import { operationsStub } from '../../support/operations-stub.ts';
import { PAYMENTS_ANSWER } from '../../support/payments.ts';

async function calling(...argv: string[]) {
  const file = join(folderOfTest(), 'operator');
  const pause = { until: Date.parse('2027-01-31T08:00Z') / 1_000, reason: 'a move' };
  const stub = await operationsStub({
    'POST /scopes/payments/rotation-pause': [200, { scope: { ...PAYMENTS_ANSWER, rotation_pause: pause } }],
    'DELETE /scopes/payments/rotation-pause': [200, { scope: PAYMENTS_ANSWER }],
  });
  writeFileSync(file, `kw_ops_of_a_test\norigin ${stub.url}\n`, { mode: 0o600 });
  try {
    const result = await keyward([...argv, '--url', stub.url, '--credential-file', file]);
    return { ...result, seen: stub.seen.map(({ method, body }) => ({ method, body })) };
  } finally {
    await stub.close();
  }
}

it('pauses until a moment, or until a day begins', async () => {
  const pause = (until: string) =>
    calling('scope', 'pause-rotation', 'payments', '--until', until, '--reason', 'a move');
  const { exitCode, out, seen } = await pause('2027-01-31T08:00Z');
  expect(exitCode).toBe(0);
  expect(out).toContain('paused until 2027-01-31 08:00:00Z');
  expect(seen).toEqual([{ method: 'POST', body: { until: 1_801_382_400, reason: 'a move' } }]);
  expect((await pause('2027-01-31')).seen).toEqual([
    { method: 'POST', body: { until: 1_801_353_600, reason: 'a move' } },
  ]);
});

it.each(['tomorrow', '2027-02-30T', '1801382400', '2027-13-01'])(
  'takes %s for wrong usage',
  async (until) => {
    const result = await calling(
      'scope',
      'pause-rotation',
      'payments',
      '--until',
      until,
      '--reason',
      'a move',
    );
    expect([result.exitCode, result.seen]).toEqual([2, []]);
  },
);

it('ends a pause', async () => {
  const { exitCode, out, seen } = await calling('scope', 'resume-rotation', 'payments');
  expect(exitCode).toBe(0);
  expect(out).toContain('rotation        by itself');
  expect(seen).toEqual([{ method: 'DELETE', body: undefined }]);
});
