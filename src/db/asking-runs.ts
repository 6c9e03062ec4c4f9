import { type GroupSeal, type RunPublicKey, TrustedRuns } from '../kernel/audit-chain.ts';
import { unknownRun } from './failure.ts';
import { Strangers } from './strangers.ts';

/**
 * The runs as a thread knows them. Where it meets another, the question fails with `unknown_run`: whoever asked has it
 * judged, tells the thread, and asks again.
 */
export class AskingRuns extends TrustedRuns {
  readonly #strangers = new Strangers();

  /** Null for a run whose seals do not count. */
  judged(id: string, run: RunPublicKey | null): void {
    if (run) this.trust(run);
    else this.#strangers.add(id);
  }

  override haveSealed(chain: 'audit' | 'ledger', element: GroupSeal): boolean {
    const { runId } = element;
    if (runId !== null && !this.knows(runId) && !this.#strangers.has(runId)) throw unknownRun(runId);
    return super.haveSealed(chain, element);
  }
}
