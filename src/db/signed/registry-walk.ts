import { setImmediate } from 'node:timers/promises';
import type { Selectable } from 'kysely';
import { KeywardError } from '../../kernel/errors.ts';
import type { RefusedRow, RegistrySeal } from '../../kernel/registry.ts';
import type { Schema, Trx, TrxReader } from '../schema.ts';
import { BUCKETS, EMPTY_TEXT } from './buckets.ts';
import type { Comparison } from './catch-up.ts';
import { readStored, readTable, type StoredRegistry } from './read-stored.ts';
import type { RegistryChanges } from './registry-changes.ts';
import {
  contentOf,
  differingColumns,
  digestOf,
  REGISTRY_TABLE_NAMES,
  type RegistryTable,
  rowId,
  rowKey,
} from './tables.ts';
import { TrustedRegistry } from './trusted-registry.ts';
import { contentInForce, verifyStored } from './verify-stored.ts';

/** Compared in one turn of the event loop: some five milliseconds. */
const ROWS_A_TURN = 500;

const WALK_STEPS: readonly Comparison[] = [
  ...REGISTRY_TABLE_NAMES.map(
    (table): Comparison =>
      (trx, registry) =>
        rowsOf(trx, registry, table),
  ),
  signatures,
  lists,
  head,
];

/**
 * Holds the registry in the database against the one in memory, beside the running service: a table a step, and again
 * from the first once it is through. What was verified at load needs no signature to be compared with.
 */
export class RegistryWalk {
  readonly #reader: TrxReader;
  readonly #changes: Pick<RegistryChanges, 'opened' | 'compareExactly'>;
  #turn = 0;

  constructor(reader: TrxReader, changes: Pick<RegistryChanges, 'opened' | 'compareExactly'>) {
    this.#reader = reader;
    this.#changes = changes;
  }

  /** What of the next table is not as the service left it. `store_unavailable`. */
  async step(): Promise<readonly RefusedRow[]> {
    const step = WALK_STEPS[this.#turn % WALK_STEPS.length] ?? head;
    this.#turn += 1;
    const found = await this.#reader.read((trx) => step(trx, this.#changes.opened()));
    // A commit may have been under way, or another front's is not followed yet; with the writer in hand, neither is so.
    return found.length === 0 ? found : this.#changes.compareExactly(step);
  }
}

async function rowsOf(trx: Trx, registry: TrustedRegistry, table: RegistryTable): Promise<RefusedRow[]> {
  const expected = new Map(
    registry.entries(table).flatMap((entry) => {
      const content = contentInForce(entry);
      return content === null ? [] : [[entry.id, content]];
    }),
  );
  const refused: RefusedRow[] = [];
  for (const [count, row] of (await readTable(trx, table)).entries()) {
    if (count % ROWS_A_TURN === ROWS_A_TURN - 1) await setImmediate();
    const id = rowId(table, row);
    const [content, found] = [expected.get(id), contentOf(row)];
    expected.delete(id);
    if (content === found || registry.isRefused(table, id)) continue;
    const why =
      content === undefined
        ? 'it is not in the registry that was signed'
        : `it differs from what was signed: ${differingColumns(content, found).join(', ')}`;
    refused.push({ table, id, why });
  }
  for (const id of expected.keys()) refused.push({ table, id, why: 'it is missing' });
  return refused;
}

async function signatures(trx: Trx, registry: TrustedRegistry): Promise<RefusedRow[]> {
  const expected = new Map(registry.all().map((entry) => [rowKey(entry.table, entry.id), entry]));
  const refused: RefusedRow[] = [];
  const rows = await trx.selectFrom('registry_rows').selectAll().execute();
  for (const [count, mark] of rows.entries()) {
    if (count % ROWS_A_TURN === ROWS_A_TURN - 1) await setImmediate();
    const { table_name: table, row_id: id } = mark;
    const entry = expected.get(rowKey(table, id));
    expected.delete(rowKey(table, id));
    if (registry.isRefused(table, id)) continue;
    const isOurs =
      entry?.signature === mark.signature && entry.content === mark.content && entry.pending === mark.pending;
    if (!isOurs) refused.push({ table, id, why: 'its signature is not the one that the service left' });
  }
  for (const { table, id, signature } of expected.values()) {
    if (signature !== null) refused.push({ table, id, why: 'its signature is missing' });
  }
  return refused;
}

async function lists(trx: Trx, registry: TrustedRegistry): Promise<RefusedRow[]> {
  const rows: readonly Selectable<Schema['registry_buckets']>[] = await trx
    .selectFrom('registry_buckets')
    .selectAll()
    .execute();
  const texts = new Map(rows.map(({ bucket, rows_json }) => [bucket, rows_json]));
  const refused = [...texts.keys()].filter((bucket) => bucket < 0 || bucket >= BUCKETS);
  for (const [bucket, digest] of registry.digests().entries()) {
    if (digestOf(texts.get(bucket) ?? EMPTY_TEXT) !== digest) refused.push(bucket);
  }
  return refused
    .filter((bucket) => !registry.isRefused('registry_buckets', String(bucket)))
    .map((bucket) => ({
      table: 'registry_buckets',
      id: String(bucket),
      why: 'it is not the list that the service left',
    }));
}

async function head(trx: Trx, registry: TrustedRegistry): Promise<RefusedRow[]> {
  const found = await trx.selectFrom('registry_head').selectAll().execute();
  const { head: expected } = registry;
  const [one, ...others] = found;
  const isOurs = one?.signature === expected?.signature && one?.version === expected?.version;
  if (isOurs && others.length === 0) return [];
  return [{ table: 'registry_head', id: '1', why: 'it is not the one that the service left' }];
}

export interface RegistryOpening {
  readonly seal: RegistrySeal;
}

export interface RegistryReport {
  /** Rows that are in no answer. */
  readonly refused: readonly RefusedRow[];
}

/**
 * Verifies all rows; from here on the registry answers and can be changed. `registry_refused` without a good head:
 * rows that nobody signed count for nothing, and only an empty registry has none.
 */
export async function openRegistry(
  reader: TrxReader,
  changes: RegistryChanges,
  { seal }: RegistryOpening,
): Promise<RegistryReport> {
  const stored = await reader.read(readStored);
  if (isSigned(stored)) {
    const verified = await verifyStored(stored, seal);
    changes.open(TrustedRegistry.from(verified), seal);
    return { refused: verified.refused };
  }
  if (stored.rows.size > 0) throw signaturesGone();
  changes.open(TrustedRegistry.empty(), seal);
  return { refused: [] };
}

function isSigned({ head, marks, lists }: StoredRegistry): boolean {
  return head !== undefined || marks.size > 0 || lists.size > 0;
}

function signaturesGone(): KeywardError {
  return new KeywardError(
    'registry_refused',
    'The registry has rows and no signature, so that no row of it can be believed; restore the database.',
  );
}
