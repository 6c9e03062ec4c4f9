import { hasSealed, type RunPublicKey, type SealedChain, type SealedElement } from '../kernel/runs.ts';

/** An element of a chain, as far as its seal goes. */
export interface GroupSeal extends SealedElement {
  /** Null where no run sealed it. */
  readonly runId: string | null;
}

/** The runs whose seals count: this process's own, and those that the audit key has certified. */
export class TrustedRuns {
  readonly #runs: ReadonlyMap<string, RunPublicKey>;

  constructor(runs: readonly RunPublicKey[]) {
    this.#runs = new Map(runs.map((run) => [run.id, run]));
  }

  haveSealed(chain: SealedChain, element: GroupSeal): boolean {
    const run = element.runId === null ? undefined : this.#runs.get(element.runId);
    return run !== undefined && hasSealed(run, chain, element);
  }
}
