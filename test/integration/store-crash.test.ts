import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, it } from 'vitest';
import { folderOfTest } from '../support/folder-of-test.ts';
import { query, recordsIn } from '../support/store-database.ts';

const RECORDER = join(import.meta.dirname, '../support/append-until-killed.ts');

it('loses no record that it called durable, however it is killed (I5)', async () => {
  const file = join(folderOfTest(), 'keyward.db');
  const acknowledged: string[] = [];
  for (const [round, enough] of [1, 40, 333, 1_000, 2_500].entries()) {
    acknowledged.push(...(await recordAndKill(file, round * 1_000_000, enough)));
    const kept = new Set(recordsIn(file).map(({ jti }) => jti));
    expect(acknowledged.filter((jti) => !kept.has(jti))).toEqual([]);
    expect(query(file, 'PRAGMA integrity_check')).toEqual([{ integrity_check: 'ok' }]);
  }
  expect(acknowledged.length).toBeGreaterThanOrEqual(1 + 40 + 333 + 1_000 + 2_500);
});

/** The records that the process said were durable, all that it got out before it died. */
async function recordAndKill(file: string, first: number, enough: number): Promise<string[]> {
  const child = spawn(process.execPath, [RECORDER, file, String(first)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const closed = once(child, 'close');
  const acknowledged: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    acknowledged.push(line);
    if (acknowledged.length === enough) child.kill('SIGKILL');
  }
  expect(await closed).toEqual([null, 'SIGKILL']);
  return acknowledged;
}
