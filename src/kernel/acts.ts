import type { JsonObject } from '../lib/json.ts';
import type { Actor, Role } from './actor.ts';
import { type ErrorCode, KeywardError } from './errors.ts';

import type { KeyState } from './key.ts';

/** How many people an act takes: one who asks, or one who asks and another who approves (I11). */
export type Persons = 1 | 2;

interface ActRule<Facts> {
  /** The role it takes to ask. */
  readonly role: Role;
  /** Always the same, or a pure function of what is asked and what is there. */
  readonly persons: Persons | ((facts: Facts) => Persons);
  /**
   * It is for when the HSM cannot sign. Its proposals are in the memory of the front where they were made, and end with the
   * process, or in that of all fronts, which know them by the audit trail.
   */
  readonly withoutHsm?: 'one front' | 'all fronts';
  /**
   * Allowed while the clock is doubted (I13): it only restricts, whatever the time. All else is refused meanwhile.
   */
  readonly anyTime?: true;
}

const safer = { role: 'operator', persons: 1 } as const;
const urgent = { ...safer, anyTime: true } as const;
const weaker = { role: 'operator', persons: 2 } as const;

/**
 * Every administrative act, closed: what makes the service accept less is for one person, what makes it accept
 * more for two.
 */
export const ACTS = {
  'scope.create': weaker,
  'scope.policy': { role: 'operator', persons: ({ widens }: { widens: boolean }) => weakening(widens) },
  'client.create': weaker,
  'client.credential': weaker,
  // What it is called; what it may do is its grants'.
  'client.describe': safer,
  'client.revoke': urgent,
  'grant.add': weaker,
  'grant.remove': urgent,
  // Both turn the service's eyes away from a verifier, or its tokens towards a stranger.
  'probe.set': weaker,
  'probe.remove': weaker,
  'operator.create': weaker,
  'operator.credential': weaker,
  'operator.roles': { role: 'operator', persons: ({ gains }: { gains: boolean }) => weakening(gains) },
  'operator.revoke': urgent,
  'key.rotate': safer,
  'key.suspend': urgent,
  'key.resume': weaker,
  'key.compromise': urgent,
  'key.destroy': {
    role: 'operator',
    persons: ({ state }: { state: KeyState }) => weakening(!isSpent(state)),
  },
  'key.undo_rotation': weaker,
  'hsm.compromise': urgent,
  'hsm.clear_pin_latch': { ...weaker, withoutHsm: 'all fronts' },
  'rotation.pause': weaker,
  'rotation.unpause': safer,
  'revocation.add': urgent,
  // What people still look into is not for one of them to take away. The subject is kept in memory alone.
  'ledger.erase': {
    role: 'operator',
    persons: ({ open }: { open: boolean }) => weakening(open),
    withoutHsm: 'one front',
  },
  // Also what a reporter wrote, until the case is closed.
  'report.erase': { role: 'operator', persons: ({ open }: { open: boolean }) => weakening(open) },
  // A decoy token is a token: until it expires, whoever asks nobody about revocations takes it.
  'canary.create': { role: 'operator', persons: ({ token }: { token: boolean }) => weakening(token) },
  'canary.retire': weaker,
  'audit.sinks': weaker,
  'notification.routes': weaker,
  'retention.shorten': weaker,
  'service_key.enrol': { ...weaker, withoutHsm: 'one front' },
  'audit.confirm_unwitnessed': weaker,
  'database.accept_restore': { ...weaker, withoutHsm: 'one front' },
  // The proposal is about this run; nothing is signed by a doubted clock.
  'clock.confirm': { ...weaker, withoutHsm: 'one front', anyTime: true },
} as const satisfies Record<string, ActRule<never>>;

export type ActName = keyof typeof ACTS;
export const ACT_NAMES = Object.keys(ACTS) as readonly ActName[];

/** What the number of persons depends on; null where it is always the same. */
type FactsOf<A extends ActName> = (typeof ACTS)[A]['persons'] extends (facts: infer F) => Persons ? F : null;

/** What is done with a proposal, and the role it takes. Nobody approves their own, whatever their roles. */
export const DECISIONS = {
  approve: 'approver',
  reject: 'approver',
  withdraw: 'operator',
} as const satisfies Record<string, Role>;

export function personsFor<A extends ActName>(act: A, facts: FactsOf<A>): Persons {
  const { persons }: ActRule<never> = ACTS[act];
  return typeof persons === 'function' ? persons(facts as never) : persons;
}

/** Undefined for proposals that are signed, and durable. */
export function keptWithoutHsm(act: ActName): 'one front' | 'all fronts' | undefined {
  const rule: ActRule<never> = ACTS[act];
  return rule.withoutHsm;
}

/** Whether it may be done while the clock is doubted. */
export function isForAnyTime(act: ActName): boolean {
  const rule: ActRule<never> = ACTS[act];
  return rule.anyTime === true;
}

function weakening(weakens: boolean): Persons {
  return weakens ? 2 : 1;
}

function isSpent(state: KeyState): boolean {
  return state === 'compromised' || state === 'deactivated';
}

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

type Planned<A extends ActName> = Effect &
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

export interface ProposalPage {
  readonly after?: string | undefined;
  readonly limit: number;
  readonly state?: ProposalState | undefined;
}

/**
 * The one way to an administrative act (I11): what one person may do is done, what takes two becomes a proposal.
 * `role_missing`, `too_many_proposals`, and whatever the act refuses with.
 */
export interface ActGate {
  ask(request: ActRequest): Promise<Outcome>;
  /** The newest first, after the one named. */
  list(page: ProposalPage): readonly ProposalView[];
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

export function notOpen(state: ProposalState): KeywardError {
  if (state === 'expired') {
    return new KeywardError('proposal_expired', 'The proposal has expired; propose it again.');
  }
  if (state === 'executed' || state === 'executing') {
    return new KeywardError('proposal_executed', `The proposal is ${state} already; there is nothing to do.`);
  }
  return new KeywardError(
    'proposal_closed',
    `The proposal is ${state}; propose it again if it is still wanted.`,
  );
}

export function unknownProposal(): KeywardError {
  return new KeywardError('unknown_proposal', 'There is no proposal of that id; list them.');
}

/** For one person's act that has become two persons', since others changed what it is about. */
export function takesTwoByNow(): KeywardError {
  return new KeywardError(
    'proposal_outdated',
    'What you would change has been changed meanwhile, and this takes two persons by now; ask again.',
  );
}
