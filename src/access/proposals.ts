import { randomBytes } from 'node:crypto';
import type { Actor, Operator } from '../kernel/actor.ts';
import {
  type ActName,
  type AnyPlanned,
  DECISIONS,
  isWithoutHsm,
  type Proposal,
  type ProposalView,
  unknownProposal,
} from '../kernel/acts.ts';
import type { Clock } from '../kernel/clock.ts';
import { canonicalJson, type JsonObject } from '../lib/json.ts';
import { compareText } from '../lib/text.ts';
import {
  holdsRole,
  type ProposalMove,
  type ProposalStore,
  stateAt,
  tooMany,
  tooManyOfOne,
} from './proposal.ts';

export interface ProposalsDeps {
  readonly operators: () => readonly Operator[];
  /** Signed in the HSM, and, for acts that are for when it cannot sign, in memory alone. */
  readonly proposals: { readonly durable: ProposalStore; readonly volatile: ProposalStore };
  readonly clock: Clock;
  readonly lifetimeSeconds: number;
  readonly maxOpen: number;
  /** Of them, those of one operator. */
  readonly maxOpenOfOne: number;
}

/** Of both stores, or of the one in memory alone. */
interface Kept {
  readonly durable: boolean;
}

/** The proposals of both stores, as they are at this moment: an open one expires by the clock alone. */
export class Proposals {
  readonly #deps: ProposalsDeps;

  constructor(deps: ProposalsDeps) {
    this.#deps = deps;
  }

  all(): Proposal[] {
    const { durable, volatile } = this.#deps.proposals;
    return [...volatile.all(), ...durable.all()];
  }

  newestFirst(): Proposal[] {
    return this.all().sort((a, b) => b.proposedAt - a.proposedAt || compareText(a.id, b.id));
  }

  /** `unknown_proposal` */
  find(id: string): Proposal {
    const { durable, volatile } = this.#deps.proposals;
    const found = durable.find(id) ?? volatile.find(id);
    if (!found) throw unknownProposal();
    return found;
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

  #kept({ durable }: Kept): readonly Proposal[] {
    return durable ? this.all() : this.#deps.proposals.volatile.all();
  }

  #storeOf(act: ActName): ProposalStore {
    const { durable, volatile } = this.#deps.proposals;
    return isWithoutHsm(act) ? volatile : durable;
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
