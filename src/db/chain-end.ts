import { AUDIT_GENESIS, type ChainHead, type ChainName, type RunKey } from '../kernel/audit-chain.ts';
import type { Schema, Trx } from './schema.ts';

/** Chains whose elements stay, each with the column of an element's hash. */
const TABLES = {
  audit: ['audit_events', 'hash'],
  ledger: ['ledger_groups', 'group_hash'],
} as const satisfies { [chain in Exclude<ChainName, 'registry'>]: readonly [keyof Schema, string] };

export async function headOf(trx: Trx, chain: keyof typeof TABLES): Promise<ChainHead> {
  const last = await elementsOf(trx, chain).orderBy('sequence', 'desc').limit(1).executeTakeFirst();
  return last ?? AUDIT_GENESIS;
}

export async function hashOf(
  trx: Trx,
  chain: keyof typeof TABLES,
  sequence: number,
): Promise<Uint8Array | undefined> {
  const element = await elementsOf(trx, chain).where('sequence', '=', sequence).executeTakeFirst();
  return element?.hash;
}

function elementsOf(trx: Trx, chain: keyof typeof TABLES) {
  const [table, hash] = TABLES[chain];
  const elements = trx.selectFrom(table as 'audit_events');
  // Not kysely's `sql`: reading threads import this file, and would load all of kysely with it.
  return elements.select(({ ref }) => ['sequence', ref(hash as 'hash').as('hash')]);
}

/** `unknown`: the answer to the commit was lost, or standbys are not known to have it. */
export type CommitOutcome = 'committed' | 'rolled_back' | 'unknown';

/**
 * The end of one chain as this writer left it. Between transactions it is one head, or one of several while the fate
 * of commits is unknown; another end in the database is somebody else's. A commit that was seen may be gone all the same,
 * where the server that showed it is replaced by one that never had it: all are possible until one is known to be
 * committed.
 */
export class ChainEnd {
  #possible: readonly ChainHead[] | undefined;
  #found: ChainHead | undefined;
  #next: ChainHead | undefined;
  #foreign = false;

  /** Whether the database has ever shown another end: nothing may be appended to that. */
  get isForeign(): boolean {
    return this.#foreign;
  }

  /** The last one that is known to be committed; undefined before the end was looked at. */
  get head(): ChainHead | undefined {
    return this.#possible?.[0];
  }

  /** Takes the end that the database shows within a transaction; false where it is not our own. */
  accept(found: ChainHead): boolean {
    const expected = this.#next ? [this.#next] : (this.#possible ?? [found]);
    if (!expected.some((head) => isSame(head, found))) this.#foreign = true;
    this.#found ??= found;
    this.#possible ??= [found];
    return !this.#foreign;
  }

  /** What was appended within the transaction under way. */
  append(head: ChainHead): void {
    this.#next = head;
  }

  /** The transaction is over. */
  settle(outcome: CommitOutcome): void {
    const [found, next] = [this.#found, this.#next];
    this.#found = undefined;
    this.#next = undefined;
    if (this.#foreign || !found) return;
    if (outcome === 'committed') this.#possible = [next ?? found];
    if (outcome === 'unknown' && next) this.#possible = [...(this.#possible ?? [found]), next];
  }
}

/** What a transaction of the writer carries with it. */
export interface WriterMemory {
  /** Whether what was appended is to be covered by a checkpoint before the minute is over. */
  wantsCheckpoint: boolean;
  readonly run: RunKey;
  readonly audit: ChainEnd;
  /** Of the revocations the numbers alone. */
  readonly revocations: ChainEnd;
  /** The greatest number of a revocation that the audit trail is known to tell of, whatever became of its row. */
  lastRevocation: number;
}

const memories = new WeakMap<Trx, WriterMemory>();

/** For the writer alone: binds its memory to the transaction that it lends. */
export function lendMemory(trx: Trx, memory: WriterMemory): void {
  memories.set(trx, memory);
}

export function memoryOf(trx: Trx): WriterMemory {
  const memory = memories.get(trx);
  if (!memory) throw new Error('audit events are appended in a transaction of the writer');
  return memory;
}

function isSame(one: ChainHead, other: ChainHead): boolean {
  return one.sequence === other.sequence && Buffer.compare(one.hash, other.hash) === 0;
}

/** The last group of the ledger as the writer knows it, in memory that the reading threads share. */
export class SharedEnd {
  readonly memory: SharedArrayBuffer;
  readonly #group: BigInt64Array;

  /** Until it is known nothing lies beyond it. */
  constructor(memory?: SharedArrayBuffer) {
    this.memory = memory ?? new SharedArrayBuffer(BigInt64Array.BYTES_PER_ELEMENT);
    this.#group = new BigInt64Array(this.memory);
    if (!memory) this.group = Number.MAX_SAFE_INTEGER;
  }

  get group(): number {
    return Number(Atomics.load(this.#group, 0));
  }

  set group(sequence: number) {
    Atomics.store(this.#group, 0, BigInt(sequence));
  }
}
