import type { JsonObject } from '../lib/json.ts';
import type { Actor } from '../kernel/actor.ts';
import type { ActName, FactsOf } from '../kernel/acts.ts';
import type { Proposal } from './proposal.ts';

/** What an act would do, as things are. */
interface Effect {
  /** As the audit trail names it, such as `client:checkout`. */
  readonly subject: string;
  /**
   * What is there of what the act changes; null for what does not exist yet. If it is another by the time of the
   * approval, nothing is run.
   */
  readonly before: JsonObject | null;
  readonly after: JsonObject | null;
  /** Nothing would change, so that nobody needs to be asked: `execute` only answers. */
  readonly unchanged?: true;
}

export type Planned<A extends ActName> = Effect &
  (FactsOf<A> extends null ? { readonly facts?: null } : { readonly facts: FactsOf<A> });

/**
 * How one act of the table is done. Parameters are plain JSON, so that they can be kept until somebody approves
 * them: `read` validates them as given and fills in the defaults, and reads its own answer as itself.
 */
export interface Act<A extends ActName, P extends JsonObject> {
  readonly name: A;
  read(parameters: unknown): P;
  /** Changes nothing. Throws what `execute` would, as far as that can be told. */
  plan(parameters: P): Planned<A> | Promise<Planned<A>>;
  /** Throws for what may be done at once, but not be kept until it is approved. */
  requireKeepable?(parameters: P): void;
  /** Judges by `actor.alone` what changed since the plan. The answer is what the route sends; it goes to whoever caused the execution, and is kept nowhere. */
  execute(parameters: P, actor: Actor): Promise<object>;
}

/** Any of them, as the gate keeps them. */
export interface AnyAct extends Omit<Act<ActName, JsonObject>, 'plan'> {
  plan(parameters: JsonObject): AnyPlanned | Promise<AnyPlanned>;
}
export type AnyPlanned = Effect & { readonly facts?: unknown };

export interface ProposalView extends Proposal {
  /** Operators who may approve it now. */
  readonly approvers: readonly string[];
}

export type Outcome = { readonly done: object } | { readonly proposal: ProposalView };

export interface ActRequest {
  readonly act: ActName;
  readonly parameters: unknown;
  readonly actor: Actor;
}

/**
 * The one way to an administrative act (I11): what one person may do is done, what takes two becomes a proposal.
 * `role_missing`, `too_many_proposals`, and whatever the act refuses with.
 */
export interface ActGate {
  ask(request: ActRequest): Promise<Outcome>;
  /** The newest first, after the one named. */
  list(page: { readonly after?: string | undefined; readonly limit: number }): readonly ProposalView[];
  /** `unknown_proposal`. */
  show(id: string): ProposalView;
  /**
   * Runs the act, once. `self_approval`, `proposal_expired`, `proposal_executed`, `proposal_closed`,
   * `proposal_outdated`, `proposer_gone`, `role_missing`, and whatever the act refuses with.
   */
  approve(id: string, actor: Actor): Promise<{ readonly proposal: ProposalView; readonly result: object }>;
  reject(id: string, actor: Actor): Promise<ProposalView>;
  /** For whoever proposed it. */
  withdraw(id: string, actor: Actor): Promise<ProposalView>;
}
