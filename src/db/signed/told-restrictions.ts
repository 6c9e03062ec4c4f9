import type { Transaction } from 'kysely';
import { auditDetailsIn } from '../../domain/audit-details.ts';
import { registryMarkIn, type UnsignedMark, unsignedMarksIn } from '../../domain/registry-mark.ts';
import type { Schema } from '../schema.ts';
import { isWitnessed } from '../unwitnessed.ts';
import type { RowOf } from './tables.ts';

type Trx = Transaction<Schema>;

/** What a witnessed audit event tells of a row that was restricted without a signature. */
export interface ToldRestriction extends UnsignedMark {
  readonly sequence: number;
}

const EVENTS_A_STEP = 1_000;
/** A signed change takes in all that waited when it was prepared, so nothing told before the last but one waits. */
const SIGNED_CHANGES = 2;

/** The newest first, as far back as rows may still wait for their signature. */
export async function readTold(trx: Trx): Promise<readonly ToldRestriction[]> {
  const told: ToldRestriction[] = [];
  const signed = new Set<number>();
  for (let before = Number.MAX_SAFE_INTEGER; ; ) {
    const events = await newestBefore(trx, before);
    for (const { sequence, details_json } of events) {
      const details = auditDetailsIn(details_json);
      for (const mark of unsignedMarksIn(details)) told.push({ ...mark, sequence });
      const change = registryMarkIn(details);
      if (change) signed.add(change.version);
      if (signed.size === SIGNED_CHANGES) return told;
    }
    const last = events.at(-1);
    if (!last) return told;
    before = last.sequence;
  }
}

async function newestBefore(trx: Trx, sequence: number) {
  return await trx
    .selectFrom('audit_events')
    .select(['sequence', 'details_json'])
    .where('sequence', '<', sequence)
    .where((eb) => isWitnessed(trx, eb.ref('sequence')))
    .orderBy('sequence', 'desc')
    .limit(EVENTS_A_STEP)
    .execute();
}

/** The content that each row was restricted to last, as `UnsignedMark` has it. */
export class LastRestrictions {
  readonly #contents = new Map<string, string>();

  /** What was taken over with an accepted gap happened to newer rows than the database has; it is done again. */
  constructor(told: readonly ToldRestriction[], gaps: readonly RowOf<'record_gaps'>[] = []) {
    for (const { sequence, row, version, content_sha256 } of told.toReversed()) {
      const isLost = gaps.some(
        ({ first_event, last_event }) => first_event <= sequence && sequence <= last_event,
      );
      if (!isLost) this.#contents.set(nameOf(row, version), content_sha256);
    }
  }

  /** Undefined for a row that was not restricted since that version of it was signed. */
  contentOf(row: string, version: number): string | undefined {
    return this.#contents.get(nameOf(row, version));
  }
}

function nameOf(row: string, version: number): string {
  return `${version} ${row}`;
}
