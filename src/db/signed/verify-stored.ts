import { KeywardError } from '../../kernel/errors.ts';
import type { HeadStatement, RefusedRow, RegistryVerifier, RowStatement } from '../../kernel/registry.ts';
import { BUCKETS, type Bucket, type VerifiedBucket, verifyBuckets } from './buckets.ts';
import { LastRestrictions, type StoredHead, type StoredRegistry } from './read-stored.ts';
import { onlyRestricts } from './restrictions.ts';
import {
  type Columns,
  contentOf,
  differingColumns,
  digestOf,
  placeOf,
  type RegistryTable,
  type RowOf,
  rowKey,
  rowName,
} from './tables.ts';

/** A row that may be relied upon. */
export interface TrustedRow {
  readonly table: RegistryTable;
  readonly id: string;
  /** Null where a removal waits for its signature. */
  readonly row: Columns | null;
  readonly content: string;
  readonly contentHash: string;
  readonly version: number;
  /** Null for a row of an older database, before it is signed for the first time. */
  readonly signature: string | null;
  /** The content that waits for its signature (`null` in JSON for a removal), as it stands in the database. */
  readonly pending: string | null;
}

export interface VerifiedRegistry {
  readonly head: StoredHead;
  readonly rows: ReadonlyMap<string, TrustedRow>;
  readonly refused: readonly RefusedRow[];
  readonly buckets: readonly VerifiedBucket[];
}

/** Signatures checked at a time: enough for the thread pool, little enough to leave the event loop its turns. */
const BATCH = 256;

/**
 * Holds every row against its signature and against the head's list. What fails is left out and named; the
 * others stand. `registry_refused` without a good head: then nothing tells an old row from a current one.
 */
export async function verifyStored(
  stored: StoredRegistry,
  verifier: RegistryVerifier,
): Promise<VerifiedRegistry> {
  const head = await verifyHead(stored.head, verifier);
  const statements = await readStatements(stored.marks, verifier);
  const { buckets, listedIn, damaged } = verifyBuckets(head.buckets, stored.lists, statements);
  const keys = new Set([...stored.rows.keys(), ...stored.marks.keys()]);
  for (const { listed } of buckets) for (const key of listed?.keys() ?? []) keys.add(key);
  const { rows, refused } = judgeRows([...keys].sort(), stored, { statements, listedIn });
  const { version, signature } = head;
  return { head: { version, signature }, rows, refused: [...damaged, ...refused], buckets };
}

/** `registry_refused` for none, and for one that the registry key did not sign. */
export async function verifyHead(
  head: StoredHead | undefined,
  verifier: RegistryVerifier,
): Promise<HeadStatement & StoredHead> {
  const statement = head && (await verifier.readHead(head.signature));
  if (head && statement?.buckets.length === BUCKETS && statement.version === head.version) {
    return { ...statement, signature: head.signature };
  }
  throw new KeywardError(
    'registry_refused',
    'The signed head of the registry is missing or wrong, so that no row of it can be believed; restore the database.',
  );
}

/** What was signed, of the rows that are judged. */
interface Signed {
  readonly statements: ReadonlyMap<string, RowStatement>;
  readonly listedIn: (key: string) => Bucket | null;
}

/** The rows of these keys. Gaps decide what the audit trail tells of them: `gaps` are those not among the keys. */
export function judgeRows(
  keys: readonly string[],
  stored: StoredRegistry,
  { statements, listedIn }: Signed,
  gaps: readonly RowOf<'record_gaps'>[] = [],
): Pick<VerifiedRegistry, 'rows' | 'refused'> {
  const judged = (key: string, restrictions: LastRestrictions) =>
    judge(key, stored, { statement: statements.get(key), restrictions }, listedIn);
  const found = keys.flatMap((key) => {
    const gap = placeOf(key).table === 'record_gaps' ? judged(key, new LastRestrictions([])) : '';
    return typeof gap !== 'string' && gap.row ? [gap.row as unknown as RowOf<'record_gaps'>] : [];
  });
  const restrictions = new LastRestrictions(stored.told, [...gaps, ...found]);
  const rows = new Map<string, TrustedRow>();
  const refused: RefusedRow[] = [];
  for (const key of keys) {
    const verdict = judged(key, restrictions);
    if (typeof verdict !== 'string') rows.set(key, verdict);
    else refused.push({ ...placeOf(key), why: verdict });
  }
  return { rows, refused };
}

/** What the registry key says of each row's content; without an entry where it says nothing of it. */
export async function readStatements(
  marks: StoredRegistry['marks'],
  verifier: RegistryVerifier,
): Promise<ReadonlyMap<string, RowStatement>> {
  const found = new Map<string, RowStatement>();
  const all = [...marks];
  for (let at = 0; at < all.length; at += BATCH) {
    await Promise.all(
      all.slice(at, at + BATCH).map(async ([key, mark]) => {
        const statement = await verifier.readRow(mark.signature);
        if (!statement || rowKey(statement.table, statement.id) !== key) return;
        if (statement.contentHash === digestOf(mark.content)) found.set(key, statement);
      }),
    );
  }
  return found;
}

interface RowEvidence {
  readonly statement: RowStatement | undefined;
  readonly restrictions: LastRestrictions;
}

/** The row as it may be relied upon, or the sentence that says why not. */
function judge(
  key: string,
  { rows, marks }: StoredRegistry,
  { statement, restrictions }: RowEvidence,
  listedIn: (key: string) => Bucket | null,
): TrustedRow | string {
  const bucket = listedIn(key);
  if (!bucket) return 'the list that names its current version is damaged';
  const [listed, mark, stored] = [bucket.get(key), marks.get(key), rows.get(key)];
  if (!listed) return 'it is not in the registry that was signed';
  if (!mark) return 'its signature is missing';
  if (!statement) return 'its signature is not that of the registry key over this content';
  if (statement.version < listed.version) return 'it is older than the head of the registry says';
  if (statement.version !== listed.version || statement.contentHash !== listed.contentHash) {
    return 'it is another version than the head of the registry says';
  }
  const current = stored ? contentOf(stored.row) : null;
  const flaw = flawOf(statement.table as RegistryTable, mark.content, mark.pending, current);
  if (flaw !== undefined) return flaw;
  const untold = unrecordedFlaw(statement, mark.pending, restrictions);
  if (untold !== undefined) return untold;
  return {
    table: statement.table as RegistryTable,
    id: statement.id,
    row: stored?.row ?? null,
    content: mark.content,
    contentHash: statement.contentHash,
    version: statement.version,
    signature: mark.signature,
    pending: mark.pending,
  };
}

/** The row must be restricted as the trail told last: neither otherwise, nor as before that. */
function unrecordedFlaw(
  { table, id, version }: RowStatement,
  pending: string | null,
  restrictions: LastRestrictions,
): string | undefined {
  const told = restrictions.contentOf(rowName(table, id), version);
  if (pending === null) {
    return told === undefined ? undefined : 'the audit trail tells that it was restricted, and it is not';
  }
  if (told === digestOf(pending)) return undefined;
  return told === undefined
    ? 'it was changed without a signature, and no witnessed event of the audit trail tells of it'
    : 'it is not restricted as the audit trail told last';
}

function flawOf(
  table: RegistryTable,
  signed: string,
  pending: string | null,
  current: string | null,
): string | undefined {
  const expected = pending === null ? signed : pendingContent(pending);
  if (current !== expected) {
    if (current === null) return 'it is missing';
    // Of `pending` nothing is known: it may be no content at all.
    if (current === signed) return 'it is not what waits for its signature';
    return `it differs from what was signed: ${differingColumns(signed, current).join(', ')}`;
  }
  if (pending === null || onlyRestricts(table, signed, current)) return undefined;
  return 'it was changed without a signature, and not only restricted';
}

/** What the table must hold of a row that may be relied upon; null where it must be gone. */
export function contentInForce({ content, pending }: Pick<TrustedRow, 'content' | 'pending'>): string | null {
  return pending === null ? content : pendingContent(pending);
}

const GONE = 'null';

/** What `registry_rows.pending` holds for a row of this content, or for one that is gone. */
export function asPending(content: string | null): string {
  return content ?? GONE;
}

function pendingContent(pending: string): string | null {
  return pending === GONE ? null : pending;
}
