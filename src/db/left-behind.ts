import type { AuditEvent } from '../kernel/audit.ts';
import type { RunPublicKey } from '../kernel/audit-chain.ts';
import type { Follower } from './follower.ts';
import type { OwedFile, OwedLines } from './owed-file.ts';
import { requireProven } from './proven-reads.ts';
import type { RunDirectory } from './run-directory.ts';
import type { TrxReader } from './schema.ts';
import type { OwedState } from './signed/own-changes.ts';
import type { RegistryChanges } from './signed/registry-changes.ts';

interface LeftBehindDeps {
  readonly owed: OwedFile;
  readonly run: Pick<RunPublicKey, 'id'>;
  readonly runs: Pick<RunDirectory, 'find'>;
  readonly reader: TrxReader;
  readonly follower: Pick<Follower, 'catchUp'>;
  readonly changes: Pick<RegistryChanges, 'requireOwnHead' | 'opened'>;
}

/** What has to be ordered anew. */
export interface LeftBehind extends OwedLines {
  /** Rows of scopes or keys are refused: what is ordered for all keys does not reach them. */
  readonly hasRefusedKeys: boolean;
}

/** Urgent changes that standbys lacked when they were acknowledged, as the file beside the archive keeps them. */
export class LeftBehindChanges {
  readonly #deps: LeftBehindDeps;
  #isCertified = false;

  constructor(deps: LeftBehindDeps) {
    this.#deps = deps;
  }

  /** Its path. */
  get file(): string {
    return this.#deps.owed.path;
  }

  /** Lines that are to be ordered anew, or that cannot be judged. */
  get count(): number {
    return this.#deps.owed.leftCount;
  }

  /** Whether lines wait to be taken away. */
  get hasSettled(): boolean {
    return this.#deps.owed.hasSettled;
  }

  /** What became of a change of this process. `store_unavailable`. */
  note(state: OwedState, change: AuditEvent): void {
    const { owed } = this.#deps;
    if (state === 'owed') owed.keep(change);
    else if (state === 'lost') owed.lose(change);
    else if (state === 'replicated') owed.settle([change], this.#isCertified);
  }

  /**
   * Once it is known which runs count. Memory has no row then that the database has not, and no older one.
   * `store_unavailable`, `registry_refused`.
   */
  async read(): Promise<LeftBehind> {
    const { owed, runs, reader, follower, changes } = this.#deps;
    await follower.catchUp();
    // A lower head than memory's is no news, but here it is another than the database's.
    await reader.read((trx) => changes.requireOwnHead(trx));
    const registry = changes.opened();
    const hasRefusedKeys = (['scopes', 'signing_keys'] as const).some((table) =>
      registry.refusesAnyOf(table),
    );
    return { ...(await owed.leftBehind(runs)), hasRefusedKeys };
  }

  /**
   * These are in force, or left to people. Their lines, and those of all that was settled before, are taken away as soon as
   * this run is certified. `store_unavailable`.
   */
  async settle(events: readonly AuditEvent[]): Promise<void> {
    const { owed } = this.#deps;
    owed.settle(events, false);
    if (owed.hasSettled) owed.settle([], await this.#certified());
  }

  /** By a certificate that no promotion takes back. */
  async #certified(): Promise<boolean> {
    const { run, runs, reader } = this.#deps;
    if (this.#isCertified || !(await runs.find(run.id))) return this.#isCertified;
    await reader.read(requireProven);
    this.#isCertified = true;
    return true;
  }
}
