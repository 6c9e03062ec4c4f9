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

/** Whether the chain has that element as it is remembered; undefined where it has none of that number. */
export async function hasElement(
  trx: Trx,
  chain: keyof typeof TABLES,
  { sequence, hash }: ChainHead,
): Promise<boolean | undefined> {
  if (sequence === 0) return true;
  const found = await hashOf(trx, chain, sequence);
  return found && Buffer.compare(found, hash) === 0;
}

export async function hasOneOf(
  trx: Trx,
  chain: keyof typeof TABLES,
  heads: readonly ChainHead[],
): Promise<boolean> {
  for (const head of heads) if (await hasElement(trx, chain, head)) return true;
  return false;
}

function elementsOf(trx: Trx, chain: keyof typeof TABLES) {
  const [table, hash] = TABLES[chain];
  const elements = trx.selectFrom(table as 'audit_events');
  // Not kysely's `sql`: reading threads import this file, and would load all of kysely with it.
  return elements.select(({ ref }) => ['sequence', ref(hash as 'hash').as('hash')]);
}

/** `unknown`: the answer to the commit was lost, or standbys are not known to have it. */
export type CommitOutcome = 'committed' | 'rolled_back' | 'unknown';

/** Ends that may be the last one, beside the last that is known to be committed. */
const MOST_DOUBTS = 64;

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

  /** Where another front may have gone on from: ends of our own, of which the database does not show one as its last. */
  passed(found: ChainHead): readonly ChainHead[] {
    if (this.#foreign || this.#next || this.#possible?.some((head) => isSame(head, found))) return [];
    return (this.#possible ?? []).filter(({ sequence }) => sequence < found.sequence);
  }

  /** Other fronts went on from one of our own ends, to this one; standbys may not have it yet. */
  goOnFrom(found: ChainHead): void {
    const [known, ...others] = this.#possible ?? [];
    this.#possible = [...(known ? [known] : []), ...others.slice(-MOST_DOUBTS), found];
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
  /** Whether the transaction under way restricts something that other fronts go by. */
  raisesFence: boolean;
  /** Of an engine that other fronts write to as well. */
  readonly peers?: PeerEnds | undefined;
}

/** What tells whether other fronts wrote the end of a chain. */
export interface PeerEnds {
  /** Whether that event follows one of these, and a run sealed it whose seals count. `store_unavailable`. */
  haveGoneOn(trx: Trx, from: readonly ChainHead[], to: ChainHead): Promise<boolean>;
}

/** Within the transaction of a change that other fronts have to know of before they record anything more. */
export function raiseFence(trx: Trx): void {
  memoryOf(trx).raisesFence = true;
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

const [SEEN, ACKNOWLEDGED, PLACES] = [0, 1, 2];
const NONE = -1n;

/** The last group of the ledger as this process knows it, in memory that the reading threads share. */
export class SharedEnd {
  readonly memory: SharedArrayBuffer;
  readonly #groups: BigInt64Array;

  /** Until it is known nothing lies beyond it. */
  constructor(memory?: SharedArrayBuffer) {
    this.memory = memory ?? new SharedArrayBuffer(PLACES * BigInt64Array.BYTES_PER_ELEMENT);
    this.#groups = new BigInt64Array(this.memory);
    if (memory) return;
    Atomics.store(this.#groups, SEEN, BigInt(Number.MAX_SAFE_INTEGER));
    Atomics.store(this.#groups, ACKNOWLEDGED, NONE);
  }

  /** The last that is there, whoever wrote it. */
  get group(): number {
    return Number(Atomics.load(this.#groups, SEEN));
  }

  /** The last that this process acknowledged, or found as it began: it is not lost. Undefined before any is known. */
  get acknowledged(): number | undefined {
    const group = Atomics.load(this.#groups, ACKNOWLEDGED);
    return group === NONE ? undefined : Number(group);
  }

  acknowledge(sequence: number): void {
    Atomics.store(this.#groups, ACKNOWLEDGED, BigInt(sequence));
    this.see(sequence);
  }

  see(sequence: number): void {
    const isFirst = this.group === Number.MAX_SAFE_INTEGER;
    if (isFirst || sequence > this.group) Atomics.store(this.#groups, SEEN, BigInt(sequence));
  }
}
