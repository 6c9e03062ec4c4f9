import { existsSync } from 'node:fs';
import type { Config } from '../config.ts';
import { ownSchema } from '../db/own-schema.ts';
import { Reader } from '../db/reader.ts';
import { readOpenRanges } from '../db/unwitnessed.ts';
import type { EventRange } from '../domain/unwitnessed.ts';
import { type Finding, fail, ok } from './finding.ts';

const CHECK = 'audit trail';

/** Whether events of the trail wait for two persons, as far as the trail itself tells of them. */
export async function checkTrail({ database: { file } }: Config): Promise<readonly Finding[]> {
  if (!existsSync(file)) return [];
  try {
    return [judge(await openRanges(file))];
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return [fail(CHECK, `it cannot be read: ${why}`, 'mend what is said of the database')];
  }
}

async function openRanges(file: string): Promise<readonly EventRange[]> {
  const reader = new Reader(file, await ownSchema());
  try {
    return await reader.read((trx) => readOpenRanges(trx));
  } finally {
    reader.close();
  }
}

function judge(ranges: readonly EventRange[]): Finding {
  if (ranges.length === 0) return ok(CHECK, 'no events wait for two persons to confirm them');
  const places = ranges.map(({ from, to }) => (from === to ? `event ${from}` : `events ${from} to ${to}`));
  return fail(
    CHECK,
    `nothing vouches for ${places.join(', ')}: they count for nothing until two persons confirm them`,
    'compare them with the log of that time: docs/runbooks/changed-records.md#auditunwitnessed',
  );
}
