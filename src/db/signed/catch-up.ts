import type { RefusedRow, RegistryVerifier } from '../../kernel/registry.ts';
import { requireProven } from '../proven-reads.ts';
import type { Trx } from '../schema.ts';
import { type IntendedChange, isRefusal } from './intended-change.ts';
import type { OwnChanges } from './own-changes.ts';
import { readChanges, type SeenChanges } from './read-changes.ts';
import { rowKey } from './tables.ts';
import { type CommittedChange, refusedRow, type TrustedRegistry } from './trusted-registry.ts';

/** What a snapshot shows that memory lacks; verified, and not applied yet. */
export interface Found {
  /** Undefined where memory moved before it was read. */
  readonly seen: SeenChanges | undefined;
  /** Changes of this process whose commit it shows. */
  readonly own: readonly IntendedChange[];
}

interface CatchUpDeps {
  readonly registry: TrustedRegistry;
  readonly verifier: RegistryVerifier;
  readonly own: OwnChanges;
  /** Whether it is still this registry that is open. */
  readonly isOpen: () => boolean;
  readonly apply: (change: CommittedChange) => void;
}

/**
 * Takes over what others committed, and only ever forward: an older head changes nothing, and neither does a registry in
 * which a row is refused that was not before. It is begun before the snapshot that it reads: so memory has nothing that
 * the snapshot lacks.
 */
export class CatchUp {
  readonly #deps: CatchUpDeps;
  readonly #revision: number;

  constructor(deps: CatchUpDeps) {
    this.#deps = deps;
    this.#revision = deps.registry.revision;
  }

  /** Whether memory moved since: then another is to be begun. */
  get isOver(): boolean {
    const { registry, isOpen } = this.#deps;
    return !isOpen() || registry.revision !== this.#revision;
  }

  /** Within one snapshot. `registry_refused` where what others committed is not as it was signed. */
  async read(trx: Trx): Promise<Found> {
    const found = await this.look(trx);
    const [refused] = found.seen?.refused ?? [];
    if (refused) throw refusedRow(refused.table, refused.id);
    return found;
  }

  /** The same, but for rows that are refused: it names them. */
  async look(trx: Trx): Promise<Found> {
    const { registry, verifier, own } = this.#deps;
    const seen = await readChanges(trx, { registry, verifier, held: await own.heldIn(trx) });
    // What restricts is taken over at once, and made again where it is lost; a head that is gone would never be again.
    if (seen.change?.sealed) await requireProven(trx);
    // Behind it: the first statement is the moment of the snapshot.
    const shown = await own.shownIn(trx);
    // Held against another registry than the one that it was begun with, anything may seem wrong.
    return this.isOver ? { seen: undefined, own: [] } : { seen, own: shown };
  }

  /** In one turn. False where memory moved since it was begun: nothing is taken over. */
  apply({ seen, own }: Found): boolean {
    if (!seen || this.isOver) return false;
    this.#deps.own.follow(own);
    if (seen.change) this.#deps.apply(seen.change);
    return true;
  }
}

/** Compares something of the database with the registry in memory. */
export type Comparison = (trx: Trx, registry: TrustedRegistry) => Promise<readonly RefusedRow[]>;

/**
 * What differs once all is taken over that others committed. Undefined where that is to be looked for anew, in another
 * transaction.
 */
export async function compareCaughtUp(
  trx: Trx,
  catchUp: CatchUp,
  differing: () => ReturnType<Comparison>,
): Promise<readonly RefusedRow[] | undefined> {
  const found = await catchUp.look(trx).catch((error: unknown) => {
    if (!isRefusal(error)) throw error;
  });
  // The head is none that was signed: nothing is taken over from behind it.
  if (!found) return await differing();
  const { seen } = found;
  if (!seen || (seen.change && seen.refused.length === 0)) {
    catchUp.apply(found);
    return undefined;
  }
  if (seen.change?.sealed) return seen.refused;
  const others = await differing();
  return catchUp.isOver ? undefined : withoutChanged(seen, others);
}

/** What is refused, and whatever else differs but for what others changed. */
function withoutChanged(
  { change, refused }: SeenChanges,
  differing: readonly RefusedRow[],
): readonly RefusedRow[] {
  const named = new Set([...refused, ...(change?.rows ?? [])].map(({ table, id }) => rowKey(table, id)));
  return [...refused, ...differing.filter(({ table, id }) => !named.has(rowKey(table, id)))];
}
