import { KeywardError } from '../../kernel/errors.ts';
import type { RefusedRow } from '../../kernel/registry.ts';
import { Emitter, type Subscribable } from '../../lib/emitter.ts';
import { BUCKETS, type Bucket, EMPTY_DIGEST, type VerifiedBucket } from './buckets.ts';
import type { StoredHead } from './read-stored.ts';
import { onlyRestricts } from './restrictions.ts';
import { type Columns, placeOf, type RegistryTable, type RowOf, rowKey } from './tables.ts';
import { contentInForce, type TrustedRow, type VerifiedRegistry } from './verify-stored.ts';

/** The rows that may be relied upon, as a plan sees them. */
export interface RegistryView {
  rows<T extends RegistryTable>(table: T): readonly RowOf<T>[];
  row<T extends RegistryTable>(table: T, id: string): RowOf<T> | undefined;
  keysOf(scopeId: string): readonly RowOf<'signing_keys'>[];
}

export interface PreparedRow {
  readonly table: RegistryTable;
  readonly id: string;
  /** As it was found; undefined for a new row. */
  readonly before: TrustedRow | undefined;
  /** Undefined for a row that is gone with its signature. */
  readonly after: TrustedRow | undefined;
}

export interface SealedBucket {
  readonly index: number;
  readonly digest: string;
  readonly listed: Bucket;
  readonly text: string;
}

/** A row that is another than before: as it is now, or as it was before it went. */
export type ChangedRow<T extends RegistryTable = RegistryTable> = {
  readonly [Table in T]: { readonly table: Table; readonly row: RowOf<Table> };
}[T];

/** A change that is ready to be committed. */
export interface PreparedChange {
  readonly rows: readonly PreparedRow[];
  /** Null where nothing was signed. */
  readonly sealed: {
    readonly head: StoredHead;
    readonly buckets: readonly SealedBucket[];
  } | null;
}

/** What is in the database, whoever committed it. */
export interface CommittedChange extends Pick<PreparedChange, 'rows'> {
  readonly sealed: {
    readonly head: StoredHead;
    readonly buckets: readonly (VerifiedBucket & { readonly index: number })[];
  } | null;
}

/** What was read of rows that may be others than the registry in memory has, and is verified. */
interface FoundRows extends Pick<CommittedChange, 'sealed'> {
  readonly rows: Iterable<TrustedRow>;
  /** As memory has them. */
  readonly gone: readonly TrustedRow[];
}

interface FoundChange {
  readonly change: CommittedChange;
  readonly refused: readonly RefusedRow[];
}

/**
 * The registry in memory: what was verified at load, and every change committed since. Whatever else is held in memory
 * of it is a view, built from it once and changed by what it emits, and by nothing else.
 */
export class TrustedRegistry implements RegistryView {
  readonly #changed = new Emitter<readonly ChangedRow[]>();
  readonly #rows = new Map<RegistryTable, Map<string, TrustedRow>>();
  /** Ids of rows of `signing_keys`, by the scope. */
  readonly #keysByScope = new Map<string, Set<string>>();
  readonly #pending = new Map<string, TrustedRow>();
  readonly #refused: ReadonlySet<string>;
  readonly #buckets: VerifiedBucket[];
  #head: StoredHead | null;
  #passed = 0;
  #revision = 0;

  private constructor(
    head: VerifiedRegistry['head'] | null,
    buckets: VerifiedRegistry['buckets'],
    refused: ReadonlySet<string>,
  ) {
    this.#head = head;
    this.#buckets = [...buckets];
    this.#refused = refused;
  }

  /** A registry with nothing in it, before the first change. */
  static empty(): TrustedRegistry {
    const bucket = () => ({ digest: EMPTY_DIGEST, listed: new Map() });
    return new TrustedRegistry(null, Array.from({ length: BUCKETS }, bucket), new Set());
  }

  static from({ head, buckets, rows, refused }: VerifiedRegistry): TrustedRegistry {
    const keys = new Set(refused.map(({ table, id }) => rowKey(table, id)));
    const registry = new TrustedRegistry(head, buckets, keys);
    for (const row of rows.values()) registry.#put(row);
    return registry;
  }

  get head(): StoredHead | null {
    return this.#head;
  }

  /** The number of the next signed change. */
  get nextVersion(): number {
    return Math.max(this.#head?.version ?? 0, this.#passed) + 1;
  }

  passVersion(version: number): void {
    this.#passed = Math.max(this.#passed, version);
  }

  /** Emits the rows whose content changed, synchronously, whether this process committed them or another. */
  get changed(): Subscribable<readonly ChangedRow[]> {
    return this.#changed;
  }

  /** Grows with every change, signed or not. */
  get revision(): number {
    return this.#revision;
  }

  rows<T extends RegistryTable>(table: T): readonly RowOf<T>[] {
    const rows = [...(this.#rows.get(table)?.values() ?? [])];
    return rows.flatMap(({ row }) => (row ? [row as unknown as RowOf<T>] : []));
  }

  row<T extends RegistryTable>(table: T, id: string): RowOf<T> | undefined {
    return (this.#rows.get(table)?.get(id)?.row ?? undefined) as RowOf<T> | undefined;
  }

  keysOf(scopeId: string): readonly RowOf<'signing_keys'>[] {
    return [...(this.#keysByScope.get(scopeId) ?? [])].flatMap((id) => this.row('signing_keys', id) ?? []);
  }

  /** Also where a removal waits for its signature. `registry_refused` for a row that failed at load. */
  entry(table: RegistryTable, id: string): TrustedRow | undefined {
    if (this.isRefused(table, id)) throw refusedRow(table, id);
    return this.#rows.get(table)?.get(id);
  }

  /** `registry_refused` for the list of a bucket that failed at load. */
  bucket(index: number): Bucket {
    const listed = this.#buckets[index]?.listed;
    if (listed) return listed;
    throw refusedRow('registry_buckets', String(index));
  }

  /** Also of those that failed at load. */
  get buckets(): readonly VerifiedBucket[] {
    return this.#buckets;
  }

  digests(): string[] {
    return this.#buckets.map(({ digest }) => digest);
  }

  /** Undefined also for a row that failed at load. */
  find(table: string, id: string): TrustedRow | undefined {
    return this.#rows.get(table as RegistryTable)?.get(id);
  }

  entries(table: RegistryTable): readonly TrustedRow[] {
    return [...(this.#rows.get(table)?.values() ?? [])];
  }

  /** Whether it failed at load. */
  isRefused(table: string, id: string): boolean {
    return this.#refused.has(rowKey(table, id));
  }

  /** Whether any row of that table failed at load. */
  refusesAnyOf(table: RegistryTable): boolean {
    return [...this.#refused].some((key) => placeOf(key).table === table);
  }

  all(): readonly TrustedRow[] {
    return [...this.#rows.values()].flatMap((rows) => [...rows.values()]);
  }

  /** Rows that wait for their signature. */
  pending(): readonly TrustedRow[] {
    return [...this.#pending.values()];
  }

  /** Takes over what has been committed. Where a view fails it is thrown, once all others have followed. */
  apply({ rows, sealed }: CommittedChange): void {
    this.#revision += 1;
    for (const { table, id, after } of rows) {
      if (after) this.#put(after);
      else this.#drop(table, id);
    }
    if (sealed) {
      this.#head = sealed.head;
      for (const { index, ...bucket } of sealed.buckets) this.#buckets[index] = bucket;
    }
    const changed = rows.flatMap(changedRow);
    if (changed.length > 0) this.#changed.emit(changed);
  }

  /**
   * What others committed, as it is taken over by `apply`. A row that became less restricted without a signature is
   * refused.
   */
  changeTo({ sealed, rows, gone }: FoundRows): FoundChange {
    const others = [...rows].filter((after) => !isSame(this.find(after.table, after.id), after));
    const refused = others.filter((after) => isUndone(this.find(after.table, after.id), after));
    const after = others.map((row) => this.#replacing(row, row));
    const removed = gone.map((row) => this.#replacing(row, undefined));
    return {
      change: { rows: [...after, ...removed], sealed },
      refused: refused.map(({ table, id }) => ({ table, id, why: UNDONE })),
    };
  }

  #replacing({ table, id }: TrustedRow, after: TrustedRow | undefined): PreparedRow {
    return { table, id, before: this.find(table, id), after };
  }

  #put(row: TrustedRow): void {
    const rows = this.#rows.get(row.table) ?? new Map<string, TrustedRow>();
    this.#index(row.id, rows.get(row.id), row);
    this.#rows.set(row.table, rows.set(row.id, row));
    const key = rowKey(row.table, row.id);
    if (row.pending === null) this.#pending.delete(key);
    else this.#pending.set(key, row);
  }

  #drop(table: RegistryTable, id: string): void {
    const rows = this.#rows.get(table);
    this.#index(id, rows?.get(id), undefined);
    rows?.delete(id);
    this.#pending.delete(rowKey(table, id));
  }

  /** The HSM id of a reservation that was abandoned may be another scope's next. */
  #index(id: string, before: TrustedRow | undefined, after: TrustedRow | undefined): void {
    const [was, is] = [scopeOfKey(before), scopeOfKey(after)];
    if (was === is) return;
    if (was !== undefined) this.#keysByScope.get(was)?.delete(id);
    if (is !== undefined) this.#keysByScope.set(is, (this.#keysByScope.get(is) ?? new Set()).add(id));
  }
}

/** Undefined for what is no row of a key, or is gone. */
function scopeOfKey(row: TrustedRow | undefined): string | undefined {
  if (row?.table !== 'signing_keys' || row.row === null) return undefined;
  return (row.row as unknown as RowOf<'signing_keys'>).scope_id;
}

const UNDONE = 'it is older, or less restricted without a signature, than the service knows it';

/** Whether it was signed on what stood there before that change. */
export function isReplaced(found: TrustedRow | undefined, { before, after }: PreparedRow): boolean {
  return found?.pending === null && found.version > (before?.version ?? 0) && !isSame(found, after);
}

export function isSame(before: TrustedRow | undefined, after: TrustedRow | undefined): boolean {
  return before?.signature === after?.signature && before?.pending === after?.pending;
}

/** Of one that is not the same. */
function isUndone(before: TrustedRow | undefined, after: TrustedRow): boolean {
  if (!before || after.version > before.version) return false;
  return after.version < before.version || !restricts(before, after);
}

function restricts(before: TrustedRow, after: TrustedRow): boolean {
  const content = contentInForce(before);
  return content !== null && onlyRestricts(before.table, content, contentInForce(after));
}

/** None where it was only signed. */
function changedRow({ table, before, after }: PreparedRow): ChangedRow[] {
  const [was, is] = [before, after].map((row) => (row ? contentInForce(row) : null));
  const row = after?.row ?? before?.row;
  return row && was !== is ? [changedIn(table, row)] : [];
}

export function changedIn(table: RegistryTable, row: Columns): ChangedRow {
  return { table, row } as unknown as ChangedRow;
}

export function refusedRow(table: string, id: string): KeywardError {
  return new KeywardError(
    'registry_refused',
    'The registry in the database is not as it was signed; nothing of this is changed until it is restored.',
    { cause: new Error(`${table} ${id}`) },
  );
}
