import { dirname } from 'node:path';
import { SharedEnd } from '../../src/db/chain-end.ts';
import { LedgerLookup } from '../../src/db/ledger-lookup.ts';
import { SqliteLedgerSearch } from '../../src/db/ledger-search.ts';
import { openLedgerThreads } from '../../src/db/ledger-threads.ts';
import { packRecords } from '../../src/db/record-batch.ts';
import { identify } from '../../src/db/sqlite/database-file.ts';
import { compileLedgerStatements } from '../../src/db/sqlite/ledger-statements.ts';
import type { OwnSchema } from '../../src/db/sqlite/schema-objects.ts';
import { WriteConnection } from '../../src/db/sqlite/write-connection.ts';
import type { DatabaseIdentity } from '../../src/db/writer-protocol.ts';
import type { BrokenChain, RunKey } from '../../src/kernel/audit-chain.ts';
import type { IssuanceRecord } from '../../src/kernel/issuance.ts';
import { benchRecord } from './bench-record.ts';

/** Microseconds of CPU by what was done, all threads of this process together. */
export type Costs = Readonly<Record<string, number>>;

const APPENDED = 50_000;
const LOOK_UPS = 10_000;
const SIGHTINGS = 1_000;
/** A minute of a busy service. */
const RECENT = 50_000;

/** A database that nobody else has open, with the records from 0 to `next`. */
export class LedgerUnderLoad {
  readonly #file: string;
  readonly #identity: DatabaseIdentity;
  readonly #run: RunKey;
  readonly #groupSize: number;
  #next: number;

  constructor(file: string, schema: OwnSchema, run: RunKey, next: number, groupSize: number) {
    const identity = identify(file);
    if (!identity) throw new Error(`${file} is not there`);
    this.#file = file;
    this.#identity = { ...identity, schema };
    this.#run = run;
    this.#next = next;
    this.#groupSize = groupSize;
  }

  async measure(): Promise<Costs> {
    return { ...(await this.#appending()), ...(await this.#lookingUp()), ...(await this.#searching()) };
  }

  /** On this thread, as the writer's does it, with every sync. */
  async #appending(): Promise<Costs> {
    const [file, identity, run] = [this.#file, this.#identity, this.#run];
    const connection = new WriteConnection({ file, statements: compileLedgerStatements(), identity, run });
    for (const batch of this.#batches(50)) connection.append({ batch, end: undefined, fence: 0 });
    const batches = this.#batches(APPENDED / this.#groupSize);
    const cost = await costOf(batches.length * this.#groupSize, async () => {
      for (const batch of batches) connection.append({ batch, end: undefined, fence: 0 });
    });
    connection.close();
    return { 'append a record': cost };
  }

  async #lookingUp(): Promise<Costs> {
    const threads = openLedgerThreads(this.#reading());
    const onFailure = (error: unknown): never => {
      throw error;
    };
    const lookup = new LedgerLookup(threads.lookups, { queueLimit: 10 * LOOK_UPS, onBroken, onFailure });
    const find = ({ digest, iat }: IssuanceRecord) => lookup.find(digest, iat);
    const sighted = (records: readonly IssuanceRecord[]) =>
      repeatedly(records, (some) => lookup.known('payments', some, 'bench'));
    const any = this.#spread(this.#next);
    const recent = this.#spread(Math.min(RECENT, this.#next));
    const unknown = recent.map(({ iat }, n) => ({ ...benchRecord(-1 - n), iat }));
    for (const warmUp of [this.#spread(this.#next), recent]) await inTurns(warmUp, find);
    const costs = {
      'find a recent token': await costOf(LOOK_UPS, () => inTurns(recent, find)),
      'find no token': await costOf(LOOK_UPS, () => inTurns(unknown, find)),
      sighting: await costOf(LOOK_UPS, () => sighted(recent)),
      'unknown sighting': await costOf(LOOK_UPS, () => sighted(unknown)),
      'find any token': await costOf(LOOK_UPS, () => inTurns(any, find)),
    };
    await threads.lookups.close();
    return costs;
  }

  async #searching(): Promise<Costs> {
    const threads = openLedgerThreads(this.#reading());
    const search = new SqliteLedgerSearch(threads.search, onBroken);
    const { jti } = benchRecord(Math.floor(this.#next / 2));
    const cost = await costOf(1, async () => {
      for (let after: number | null = 0; after !== null; ) {
        after = (await search.page({ jti }, { after, limit: 1_000 })).next;
      }
    });
    await threads.search.close();
    return { 'search all records by jti': cost };
  }

  #reading() {
    const { id, publicKey } = this.#run;
    const end = new SharedEnd().memory;
    const [file, identity, archiveDir] = [this.#file, this.#identity, dirname(this.#file)];
    const entry = new URL('../../src/db/sqlite/read-worker.ts', import.meta.url);
    const thread = { entry, settings: { file, identity } };
    const directory = { find: async () => undefined };
    return { thread, archiveDir, directory, runs: [{ id, publicKey }], end };
  }

  #batches(count: number) {
    const one = () => Array.from({ length: this.#groupSize }, () => benchRecord(this.#next++));
    return Array.from({ length: Math.ceil(count) }, () => packRecords(one(), 1_760_000_000));
  }

  /** At random out of the newest. */
  #spread(newest: number): IssuanceRecord[] {
    return Array.from({ length: LOOK_UPS }, () =>
      benchRecord(this.#next - 1 - Math.floor(Math.random() * newest)),
    );
  }
}

function onBroken({ place, why }: BrokenChain): never {
  throw new Error(`${place}: ${why}`);
}

/** 64 at once, as 64 callers would. */
async function inTurns<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  for (let at = 0; at < items.length; at += 64) await Promise.all(items.slice(at, at + 64).map(work));
}

async function repeatedly<T>(
  items: readonly T[],
  work: (some: readonly T[]) => Promise<unknown>,
): Promise<void> {
  for (let at = 0; at < items.length; at += SIGHTINGS) await work(items.slice(at, at + SIGHTINGS));
}

async function costOf(count: number, work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / count;
}
