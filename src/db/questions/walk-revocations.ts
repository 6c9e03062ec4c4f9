import type { StoredEvent } from '../../kernel/audit.ts';
import {
  AUDIT_GENESIS,
  auditDetailsIn,
  auditEventHash,
  type BrokenChain,
  type ChainHead,
} from '../../kernel/audit-chain.ts';
import {
  isInForce,
  REVOCATION_ADDED,
  type RevocationFlaw,
  type RevocationPage,
} from '../../kernel/revocation.ts';
import { eventFromRow } from '../event-seals.ts';
import { readConfirmed } from '../ledger-connection.ts';
import type { OpenLedger } from '../open-ledger.ts';
import {
  revocationFromRow,
  revocationTable,
  STANDING_IN,
  standsInFor,
  toldNumber,
} from '../revocation-table.ts';
import { type Rows, statement } from '../rows.ts';
import type { TestifiedRow } from '../schema.ts';
import { flawOf } from '../testified-table.ts';
import { isUnsafeNumber, unsafeNumber } from '../walk-chains.ts';

type Row = TestifiedRow<'revocations'>;
type EventRow = Parameters<typeof eventFromRow>[0];

const EVENTS_A_STEP = 2_000;

const EVENTS = statement<EventRow>('SELECT * FROM audit_events WHERE sequence > ? ORDER BY sequence LIMIT ?');
const EVENT = statement<EventRow>('SELECT * FROM audit_events WHERE sequence = ?');
const REVOCATIONS = statement<Row>(
  'SELECT * FROM revocations WHERE audit_sequence > ? AND audit_sequence <= ? ORDER BY audit_sequence',
);
const STANDING_IN_FOR = statement<Row>(STANDING_IN);
const LAST = statement<{ readonly last: number | null }>('SELECT max(sequence) AS last FROM revocations');

interface RevocationQuery {
  readonly after: ChainHead;
  /** Those in force then are answered; null for none. */
  readonly now: number | null;
  /** Where an earlier walk ended. */
  readonly seen: ChainHead;
}

/** The next events of the audit trail, and the revocations that they testify to. */
export function walkRevocations({ connection }: OpenLedger, asks: RevocationQuery): Promise<RevocationPage> {
  return readConfirmed(connection, (source) => walked(source, asks), {
    isSound: ({ broken, flaws }) => broken === undefined && flaws.length === 0,
    again: async (source) => ((await stands(source, asks.after)) ? walked(source, asks) : BEGIN_AGAIN),
  });
}

/** Where the walk had come to is of another server: it begins again. */
const BEGIN_AGAIN: RevocationPage = {
  at: AUDIT_GENESIS,
  broken: undefined,
  flaws: [],
  inForce: [],
  lastNumber: 0,
  isEnd: false,
};

async function stands(source: Rows, { sequence, hash }: ChainHead): Promise<boolean> {
  if (sequence === 0) return true;
  const found = await source.first(EVENT, sequence);
  return found !== undefined && Buffer.compare(found.hash, hash) === 0;
}

async function walked(source: Rows, asks: RevocationQuery): Promise<RevocationPage> {
  try {
    return await pageOf(source, asks);
  } catch (error) {
    if (!isUnsafeNumber(error)) throw error;
    const broken = unsafeNumber('event', asks.after.sequence);
    return { at: asks.after, broken, flaws: [], inForce: [], lastNumber: 0, isEnd: true };
  }
}

async function pageOf(source: Rows, { after, now, seen }: RevocationQuery): Promise<RevocationPage> {
  const stretch = (await source.all(EVENTS, after.sequence, EVENTS_A_STEP)).map(eventFromRow);
  const isEnd = stretch.length < EVENTS_A_STEP;
  const last = stretch.at(-1);
  // At the end all that is left: also what no event testifies to.
  const until = isEnd ? Number.MAX_SAFE_INTEGER : (last?.sequence ?? 0);
  const rows = await rowsUntil(source, after.sequence, until);
  const revocations = now === null || 'flaw' in rows ? [] : rows.found.map(revocationFromRow);
  return {
    at: last ? { sequence: last.sequence, hash: last.hash } : after,
    broken: breakIn(stretch, after, seen) ?? (isEnd ? cutOff(last ?? after, seen) : undefined),
    flaws: 'flaw' in rows ? [rows.flaw] : await flawsIn(source, stretch, rows.found),
    inForce: revocations.filter((each) => isInForce(each, now ?? 0)),
    lastNumber: stretch.reduce((last, event) => Math.max(last, numberIn(event)), 0),
    isEnd,
  };
}

async function rowsUntil(
  source: Rows,
  after: number,
  until: number,
): Promise<{ found: Row[] } | { flaw: RevocationFlaw }> {
  try {
    return { found: await source.all(REVOCATIONS, after, until) };
  } catch (error) {
    if (!isUnsafeNumber(error)) throw error;
    // What stands behind it is walked all the same.
    return { flaw: { ...unsafeNumber('event', after), kind: 'changed', event: 0 } };
  }
}

function numberIn(event: StoredEvent): number {
  return event.type === REVOCATION_ADDED ? toldNumber(event) : 0;
}

function breakIn(events: readonly StoredEvent[], after: ChainHead, seen: ChainHead): BrokenChain | undefined {
  let before = after;
  for (const event of events) {
    if (event.sequence !== before.sequence + 1) {
      return { place: `event ${before.sequence + 1}`, why: 'it is gone' };
    }
    if (!auditEventHash(before.hash, event).equals(event.hash)) {
      const why = 'its content and the event before it do not give its hash';
      return { place: `event ${event.sequence}`, why };
    }
    if (event.sequence === seen.sequence && Buffer.compare(event.hash, seen.hash) !== 0) {
      return { place: `event ${event.sequence}`, why: 'the chain up to it was written anew' };
    }
    before = event;
  }
  return undefined;
}

function cutOff(end: ChainHead, seen: ChainHead): BrokenChain | undefined {
  if (end.sequence >= seen.sequence) return undefined;
  return { place: `event ${end.sequence + 1}`, why: 'all from here on is gone' };
}

async function flawsIn(
  source: Rows,
  events: readonly StoredEvent[],
  rows: readonly Row[],
): Promise<RevocationFlaw[]> {
  const byEvent = new Map(rows.map((row) => [row.audit_sequence, row]));
  const flaws: RevocationFlaw[] = [];
  for (const event of events) {
    if (event.type !== REVOCATION_ADDED) continue;
    const row = byEvent.get(event.sequence);
    byEvent.delete(event.sequence);
    const flaw = row ? changeOf(row, event) : await lossOf(source, event);
    if (flaw) flaws.push({ ...flaw, event: event.sequence });
  }
  for (const row of byEvent.values()) {
    const why = 'no audit event testifies to it';
    flaws.push({ kind: 'untold', place: revocationTable.name(row), why, event: 0 });
  }
  return flaws;
}

type Flaw = Omit<RevocationFlaw, 'event'>;

function changeOf(row: Row, event: StoredEvent): Flaw | undefined {
  const why = flawOf(revocationTable, row, event);
  return why === undefined ? undefined : { kind: 'changed', place: revocationTable.name(row), why };
}

async function lossOf(source: Rows, { sequence, detailsJson }: StoredEvent): Promise<Flaw> {
  const { sequence: number, instead_of } = auditDetailsIn(detailsJson);
  const claiming = await source.all(STANDING_IN_FOR, sequence);
  const told = await source.firstOfEach(
    EVENT,
    claiming.map(({ audit_sequence }) => [audit_sequence]),
  );
  const by = claiming
    .filter((row, index) => standsInFor(sequence, row, told[index] && eventFromRow(told[index])))
    .map(({ audit_sequence }) => audit_sequence);
  const insteadOf = typeof instead_of === 'number' ? { insteadOf: instead_of } : {};
  const flaw = { place: `revocation ${Number(number)}`, why: 'it is gone', ...insteadOf };
  if (by.length > 0) return { ...flaw, kind: 'again', by };
  const last = (await source.first(LAST))?.last ?? 0;
  return { ...flaw, kind: Number(number) < last ? 'gone' : 'cut' };
}
