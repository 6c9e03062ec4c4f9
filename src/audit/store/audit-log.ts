import type { Selectable } from 'kysely';
import { appendAuditEvent, ownAuditHead } from '../../db/append-audit-event.ts';
import { hasElement, hashOf, headOf } from '../../db/chain-end.ts';
import { eventFromRow, sealedFromRow } from '../../db/event-seals.ts';
import { auditEvents, type EventRow } from '../../db/event-source.ts';
import { unavailable } from '../../db/failure.ts';
import { fillPage } from '../../db/fill-page.ts';
import type { Schema, Trx, TrxReader } from '../../db/schema.ts';
import { registryHead } from '../../db/signed/read-stored.ts';
import type { RegistryChanges } from '../../db/signed/registry-changes.ts';
import { witnessed } from '../../db/unwitnessed.ts';
import type { Writer } from '../../db/writer.ts';
import type { AuditLog, SealedEvent, StoredEvent } from '../../kernel/audit.ts';
import {
  AUDIT_GENESIS,
  type ChainHead,
  type ChainHeads,
  type ChainName,
  type StoredCheckpoint,
} from '../../kernel/audit-chain.ts';
import type { Clock } from '../../kernel/clock.ts';
import { putPositions, readPositions } from './sink-positions.ts';

export async function readHeads(trx: Trx): Promise<ChainHeads> {
  return {
    audit: await headOf(trx, 'audit'),
    ledger: await headOf(trx, 'ledger'),
    registry: await registryHead(trx),
  };
}

/** No chain has an element 0: there it stands at its beginning. */
async function hashAt(trx: Trx, chain: ChainName, sequence: number): Promise<Uint8Array | undefined> {
  if (sequence === 0) return AUDIT_GENESIS.hash;
  if (chain !== 'registry') return await hashOf(trx, chain, sequence);
  // Signed heads replace each other: only the last can be held against a checkpoint.
  const head = await registryHead(trx);
  return head.sequence === sequence ? head.hash : undefined;
}

interface AuditLogDeps {
  readonly reader: TrxReader;
  readonly writer: Pick<Writer, 'transaction' | 'ledgerEnd' | 'auditEnd'>;
  readonly clock: Clock;
  readonly changes: Pick<RegistryChanges, 'requireOwnHead'>;
  /** Whose sinks' positions these are. */
  readonly host: string;
}

export function createAuditLog({ reader, writer, clock, changes, host }: AuditLogDeps): AuditLog {
  return {
    async record(event) {
      await writer.transaction((trx) => appendAuditEvent(trx, event, clock.nowSeconds()));
    },
    eventsAfter: (sequence, limit) =>
      reader.read(async (trx) => {
        // What a sink was told stays told: a commit in doubt may be undone by a failover.
        const end = writer.auditEnd;
        if (end) await requireHead(trx, end);
        return await eventsAfter(trx, { sequence, end: end?.sequence ?? Number.MAX_SAFE_INTEGER, limit });
      }),
    witnessedAfter: (sequence, limit) => reader.read((trx) => witnessedAfter(trx, { sequence, limit })),
    ofTypeAfter: (type, sequence, limit) =>
      reader.read((trx) => witnessedAfter(trx, { type, sequence, limit })),
    sealedAfter: (sequence, limit) => reader.read((trx) => sealedAfter(trx, sequence, limit)),
    newestEvents: (limit) => reader.read((trx) => newestEvents(trx, limit)),
    newestOfType: (type, limit) => reader.read((trx) => newestOfType(trx, type, limit)),
    lastAbout: (subject, type) => reader.read((trx) => lastAbout(trx, subject, type)),
    checkpointsAfter: (number, limit) => reader.read((trx) => checkpointsAfter(trx, number, limit)),
    lastCheckpoint: () => reader.read(lastCheckpoint),
    auditHead: () => reader.read((trx) => headOf(trx, 'audit')),
    heads: () => reader.read(readHeads),
    ownHeads: () =>
      writer.transaction(async (trx) => {
        await ownAuditHead(trx);
        await changes.requireOwnHead(trx);
        const heads = await readHeads(trx);
        // Rows that somebody else put behind the writer's own end are not to be sealed with it.
        return { ...heads, ledger: writer.ledgerEnd ?? heads.ledger };
      }),
    hashAt: (chain, sequence) => reader.read((trx) => hashAt(trx, chain, sequence)),
    addCheckpoint: (checkpoint, positions) =>
      writer.transaction(async (trx) => {
        await insertCheckpoint(trx, checkpoint);
        await putPositions(trx, host, positions);
      }),
    async isBehind() {
      const { sequence } = await reader.read((trx) => headOf(trx, 'audit'));
      return sequence > (writer.auditEnd?.sequence ?? Number.MAX_SAFE_INTEGER);
    },
    keepPositions: (positions) =>
      writer.transaction(async (trx) => {
        await ownAuditHead(trx);
        await putPositions(trx, host, positions);
      }),
    positions: () => reader.read((trx) => readPositions(trx, host)),
  };
}

/** `store_unavailable` where the server lacks that event: a primary that was replaced may have another one in its place. */
async function requireHead(trx: Trx, head: ChainHead): Promise<void> {
  if (await hasElement(trx, 'audit', head)) return;
  throw unavailable(new Error(`the server that was read lacks event ${head.sequence} as it was committed`));
}

interface EventsQuery {
  readonly sequence: number;
  readonly end: number;
  readonly limit: number;
}

async function eventsAfter(trx: Trx, { sequence, end, limit }: EventsQuery): Promise<StoredEvent[]> {
  const rows = await rowsAfter(trx, sequence, limit);
  return rows.filter((row) => row.sequence <= end).map(eventFromRow);
}

async function sealedAfter(trx: Trx, sequence: number, limit: number): Promise<SealedEvent[]> {
  return (await rowsAfter(trx, sequence, limit)).map(sealedFromRow);
}

interface WitnessedQuery {
  readonly type?: string;
  readonly sequence: number;
  readonly limit: number;
}

async function witnessedAfter(trx: Trx, { type, sequence, limit }: WitnessedQuery): Promise<StoredEvent[]> {
  const rows = await fillPage<EventRow, EventRow>(
    limit,
    (last, most) => {
      const events = auditEvents(trx, { after: last?.sequence ?? sequence });
      const wanted = type === undefined ? events : events.where('type', '=', type);
      return wanted.orderBy('sequence').limit(most).execute();
    },
    (read) => witnessed(trx, read),
  );
  return rows.map(eventFromRow);
}

async function rowsAfter(trx: Trx, sequence: number, limit: number) {
  return await trx
    .selectFrom('audit_events')
    .selectAll()
    .where('sequence', '>', sequence)
    .orderBy('sequence')
    .limit(limit)
    .execute();
}

async function newestEvents(trx: Trx, limit: number): Promise<StoredEvent[]> {
  const query = trx.selectFrom('audit_events').selectAll().orderBy('sequence', 'desc').limit(limit);
  return (await query.execute()).reverse().map(eventFromRow);
}

async function newestOfType(trx: Trx, type: string, limit: number): Promise<StoredEvent[]> {
  return await newestWitnessed(trx, limit, (events) => events.where('type', '=', type));
}

async function lastAbout(trx: Trx, subject: string, type: string): Promise<StoredEvent | undefined> {
  const [last] = await newestWitnessed(trx, 1, (events) =>
    events.where('subject', '=', subject).where('type', '=', type),
  );
  return last;
}

type Events = ReturnType<typeof auditEvents>;

async function newestWitnessed(
  trx: Trx,
  limit: number,
  which: (events: Events) => Events,
): Promise<StoredEvent[]> {
  const rows = await fillPage<EventRow, EventRow>(
    limit,
    (last, most) =>
      which(auditEvents(trx, { before: last?.sequence }))
        .orderBy('sequence', 'desc')
        .limit(most)
        .execute(),
    (read) => witnessed(trx, read),
  );
  return rows.map(eventFromRow);
}

async function checkpointsAfter(trx: Trx, number: number, limit: number): Promise<StoredCheckpoint[]> {
  const rows = await trx
    .selectFrom('checkpoints')
    .selectAll()
    .where('number', '>', number)
    .orderBy('number')
    .limit(limit)
    .execute();
  return rows.map(checkpointFromRow);
}

async function lastCheckpoint(trx: Trx): Promise<StoredCheckpoint | undefined> {
  const query = trx.selectFrom('checkpoints').selectAll().orderBy('number', 'desc').limit(1);
  const row = await query.executeTakeFirst();
  return row && checkpointFromRow(row);
}

function checkpointFromRow(row: Selectable<Schema['checkpoints']>): StoredCheckpoint {
  const { number, audit_sequence: auditSequence, created_at: time, jws } = row;
  return { number, auditSequence, time, jws };
}

export async function insertCheckpoint(trx: Trx, checkpoint: StoredCheckpoint): Promise<void> {
  const { number, auditSequence: audit_sequence, time: created_at, jws } = checkpoint;
  await trx.insertInto('checkpoints').values({ number, audit_sequence, created_at, jws }).execute();
}
