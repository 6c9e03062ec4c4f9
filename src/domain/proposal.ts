import type { JsonObject } from '../lib/json.ts';
import type { Actor } from '../kernel/actor.ts';
import type { ActName } from '../kernel/acts.ts';
import type { ErrorCode } from '../kernel/errors.ts';

/** `executing` is durable before the act is run; every state after it is final. */
export const PROPOSAL_STATES = [
  'open',
  'executing',
  'executed',
  'refused',
  'withdrawn',
  'expired',
  'failed',
] as const;
export type ProposalState = (typeof PROPOSAL_STATES)[number];

/** An act that one operator asked for and another may approve. Times in seconds since the epoch. */
export interface Proposal {
  readonly id: string;
  readonly act: ActName;
  /** What it would act upon, as the audit trail names it. */
  readonly subject: string;
  /** As validated, with all defaults filled in: run exactly so once it is approved. */
  readonly parameters: JsonObject;
  /** What was there when it was planned; null for what does not exist yet. */
  readonly before: JsonObject | null;
  /** What there would be; null for what would be gone. */
  readonly after: JsonObject | null;
  readonly proposedBy: string;
  readonly proposedAt: number;
  readonly expiresAt: number;
  readonly state: ProposalState;
  /** Who approved, rejected or withdrew it; `keyward` where it expired. */
  readonly decidedBy: string | null;
  readonly decidedAt: number | null;
  /** Why it failed. */
  readonly failure: { readonly code: ErrorCode; readonly detail: string } | null;
}

/** What becomes of a proposal. */
export type ProposalMove = Pick<Proposal, 'state'> &
  Partial<Pick<Proposal, 'decidedBy' | 'decidedAt' | 'failure'>>;

/** Proposals, durable or for as long as the process runs. Each change commits with its audit event (I10). */
export interface ProposalStore {
  /** The newest first. */
  all(): readonly Proposal[];
  find(id: string): Proposal | undefined;
  add(proposal: Proposal, actor: Actor): Promise<void>;
  /** Refused where the proposal is not in state `from` any more: `proposal_executed`, `proposal_closed`. */
  move(id: string, from: ProposalState, to: ProposalMove, actor: Actor): Promise<void>;
}
