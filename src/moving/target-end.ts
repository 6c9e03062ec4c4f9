import { existsSync } from 'node:fs';
import { discardPart, partOf } from '../db/copy/copy-into-file.ts';
import { type DatabaseEnd, endOf } from '../db/copy/end-of.ts';
import { type DatabaseSettings, isFile } from '../db/database-settings.ts';
import { openEngine } from '../db/open-engine.ts';
import { AUDIT_GENESIS } from '../kernel/audit-chain.ts';
import { notEmpty } from './refusals.ts';

const EMPTY: DatabaseEnd = {
  isEmpty: true,
  isLeft: false,
  audit: AUDIT_GENESIS,
  initialCopy: undefined,
};

/** Of a file what its copy has so far, until it has its name. */
export async function targetEnd(target: DatabaseSettings): Promise<DatabaseEnd> {
  if (!isFile(target) || existsSync(target.file)) return await endOf(target);
  const part = { file: partOf(target.file) };
  if (!existsSync(part.file)) return EMPTY;
  // Makes the tables, where it was cut short before.
  await openEngine(part);
  const end = await endOf(part);
  if (end.isEmpty) discardPart(target.file);
  return end;
}

/** Only what is empty, and what a move has begun to fill, is filled. */
export function refuseFilled(target: DatabaseSettings, { isEmpty, isLeft, initialCopy }: DatabaseEnd): void {
  if (!isEmpty && !initialCopy) throw notEmpty(target, isLeft);
}
