import { randomBytes } from 'node:crypto';
import type { Actor, Operator } from '../kernel/actor.ts';
import {
  type ActName,
  type AnyPlanned,
  DECISIONS,
  keptWithoutHsm,
  type Proposal,
  type ProposalView,
  unknownProposal,
} from '../kernel/acts.ts';
import type { Clock } from '../kernel/clock.ts';
import { canonicalJson, type JsonObject } from '../lib/json.ts';
import { compareText } from '../lib/text.ts';
import {
  type FollowedProposals,
  holdsRole,
  type ProposalMove,
  type ProposalStore,
  stateAt,
  tooMany,
  tooManyOfOne,
} from './proposal.ts';

export interface ProposalsDeps {
  readonly operators: () => readonly Operator[];
  /**
   * Signed in the HSM, and, for acts that are for when it cannot sign, in the memory of all fronts or of this one alone.
   * Without `shared` no other front is there.
   */
  readonly proposals: {
    readonly durable: ProposalStore;
    readonly volatile: ProposalStore;
    readonly shared?: FollowedProposals;
  };
  readonly clock: Clock;
  readonly lifetimeSeconds: number;
  readonly maxOpen: number;
  /** Of them, those of one operator. */
  readonly maxOpenOfOne: number;
}

/** Of all stores, or those of this front alone. */
interface Kept {
  readonly ofAllFronts: boolean;
}

/** The proposals of all stores, as they are at this moment: an open one expires by the clock alone. */
export class Proposals {
  readonly #deps: ProposalsDeps;

  constructor(deps: ProposalsDeps) {
    this.#deps = deps;
  }

  all(): Proposal[] {
    const { durable, volatile, shared } = this.#deps.proposals;
    return [...volatile.all(), ...(shared?.all() ?? []), ...durable.all()];
  }

  newestFirst(): Proposal[] {
    return this.all().sort((a, b) => b.proposedAt - a.proposedAt || compareText(a.id, b.id));
  }

  /** `unknown_proposal` */
  find(id: string): Proposal {
    const { durable, volatile, shared } = this.#deps.proposals;
    const found = durable.find(id) ?? volatile.find(id) ?? shared?.find(id);
    if (!found) throw unknownProposal();
    return found;
  }

  /** The same, with what other fronts did about it by now. `unknown_proposal`, `store_unavailable`. */
  async current(id: string): Promise<Proposal> {
    const { durable, volatile, shared } = this.#deps.proposals;
    if (!durable.find(id) && !volatile.find(id)) await shared?.follow();
    return this.find(id);
  }

  /** Whether another front may be the one that finds what it is about. */
  isOfAllFronts({ id }: Proposal): boolean {
    return this.#deps.proposals.shared?.find(id) !== undefined;
  }

  /** Kept as open, though their time is over. */
  expired(which: Kept): Proposal[] {
    const now = this.#now();
    return this.#kept(which).filter((each) => each.state === 'open' && stateAt(each, now) === 'expired');
  }

  executing(which: Kept): Proposal[] {
    return this.#kept(which).filter(({ state }) => state === 'executing');
  }

  view(proposal: Proposal): ProposalView {
    const state = stateAt(proposal, this.#now());
    const able = this.#deps
      .operators()
      .filter((each) => each.id !== proposal.proposedBy && holdsRole(each, DECISIONS.approve));
    return { ...proposal, state, approvers: state === 'open' ? able.map(({ id }) => id) : [] };
  }

  /** Opens one. Asked for again by the same person, it is the same proposal. `too_many_proposals` */
  async open(
    act: ActName,
    parameters: JsonObject,
    { subject, before, after }: AnyPlanned,
    actor: Actor,
  ): Promise<Proposal> {
    const { maxOpen, maxOpenOfOne, lifetimeSeconds } = this.#deps;
    const now = this.#now();
    const open = this.all().filter((each) => stateAt(each, now) === 'open');
    const asked = canonicalJson([act, subject, actor.operatorId, parameters, before]);
    const same = open.find(
      (each) =>
        canonicalJson([each.act, each.subject, each.proposedBy, each.parameters, each.before]) === asked,
    );
    if (same) return same;
    const own = open.filter(({ proposedBy }) => proposedBy === actor.operatorId);
    if (own.length >= maxOpenOfOne) throw tooManyOfOne(maxOpenOfOne);
    if (open.length >= maxOpen) throw tooMany(maxOpen);
    const proposal: Proposal = {
      id: newProposalId(),
      act,
      subject,
      parameters,
      before,
      after,
      proposedBy: actor.operatorId,
      proposedAt: now,
      expiresAt: now + lifetimeSeconds,
      state: 'open',
      decidedBy: null,
      decidedAt: null,
      failure: null,
    };
    await this.#storeOf(act).add(proposal, actor);
    return proposal;
  }

  move({ id, act }: Proposal, from: Proposal['state'], to: ProposalMove, actor: Actor): Promise<void> {
    return this.#storeOf(act).move(id, from, to, actor);
  }

  #kept({ ofAllFronts }: Kept): readonly Proposal[] {
    return ofAllFronts ? this.all() : this.#deps.proposals.volatile.all();
  }

  #storeOf(act: ActName): ProposalStore {
    const { durable, volatile, shared = volatile } = this.#deps.proposals;
    const kept = keptWithoutHsm(act);
    if (kept === undefined) return durable;
    return kept === 'all fronts' ? shared : volatile;
  }

  #now(): number {
    return this.#deps.clock.nowSeconds();
  }
}

const LETTERS = '0123456789abcdefghjkmnpqrstvwxyz';

/** Ten random bytes in Crockford's base 32: 16 letters that people can read to each other. */
function newProposalId(): string {
  let bits = BigInt(`0x${randomBytes(10).toString('hex')}`);
  let id = '';
  for (let letter = 0; letter < 16; letter += 1) {
    id += LETTERS.charAt(Number(bits % 32n));
    bits /= 32n;
  }
  return id;
}
