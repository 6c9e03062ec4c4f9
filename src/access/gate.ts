import { type Actor, KEYWARD, type Operator } from '../kernel/actor.ts';
import {
  ACTS,
  type ActGate,
  type ActName,
  type ActRequest,
  type AnyAct,
  type AnyPlanned,
  DECISIONS,
  isForAnyTime,
  type Outcome,
  type Persons,
  type Proposal,
  type ProposalPage,
  type ProposalView,
  personsFor,
} from '../kernel/acts.ts';
import type { TimeGuard } from '../kernel/clock.ts';
import { KeywardError } from '../kernel/errors.ts';
import type { Leadership } from '../kernel/registry.ts';
import { canonicalJson, type JsonObject } from '../lib/json.ts';
import { Mutex } from '../lib/mutex.ts';
import type { Gauges } from '../metrics/gauges.ts';
import { requireRole } from './authenticator.ts';
import {
  holdsRole,
  interrupted,
  notYours,
  outdated,
  outdatedHere,
  type ProposalMove,
  proposerGone,
  requireOpen,
  selfApproval,
} from './proposal.ts';
import { Proposals, type ProposalsDeps } from './proposals.ts';

export interface ActGateDeps extends ProposalsDeps {
  readonly acts: readonly AnyAct[];
  readonly timeGuard: TimeGuard;
  /** False: a single operator does everything alone, which is for development. */
  readonly twoPersons: boolean;
}

/** Which act takes whom stands in `kernel/acts.ts`, and nowhere else. */
export class Gate implements ActGate {
  readonly #deps: ActGateDeps;
  readonly #acts: ReadonlyMap<ActName, AnyAct>;
  readonly #proposals: Proposals;
  readonly #opening = new Mutex();
  /** One approval after another: each finds things as the one before it left them. */
  readonly #approving = new Mutex();

  constructor(deps: ActGateDeps) {
    this.#deps = deps;
    this.#proposals = new Proposals(deps);
    this.#acts = new Map(deps.acts.map((act) => [act.name, act]));
  }

  async ask({ act: name, parameters: given, actor }: ActRequest): Promise<Outcome> {
    requireRole(this.#operator(actor.operatorId), ACTS[name].role);
    this.#requireTimeFor(name);
    const act = this.#act(name);
    const parameters = act.read(given);
    const planned = await act.plan(parameters);
    if (!this.#deps.twoPersons) return { done: await act.execute(parameters, actor) };
    if (personsOf(name, planned) === 1) {
      return { done: await act.execute(parameters, { ...actor, alone: true }) };
    }
    act.requireKeepable?.(parameters);
    const proposals = this.#proposals;
    const opened = await this.#opening.runExclusive(() => proposals.open(name, parameters, planned, actor));
    return { proposal: proposals.view(opened) };
  }

  list({ after, limit, state }: ProposalPage): ProposalView[] {
    const proposals = this.#proposals;
    const all = proposals.newestFirst();
    const from = after === undefined ? 0 : all.indexOf(proposals.find(after)) + 1;
    const following = all.slice(from).map((proposal) => proposals.view(proposal));
    return following.filter((each) => state === undefined || each.state === state).slice(0, limit);
  }

  show(id: string): ProposalView {
    return this.#proposals.view(this.#proposals.find(id));
  }

  approve(id: string, actor: Actor): Promise<{ proposal: ProposalView; result: object }> {
    return this.#approving.runExclusive(async () => {
      requireRole(this.#operator(actor.operatorId), DECISIONS.approve);
      const proposal = await this.#proposals.current(id);
      this.#requireTimeFor(proposal.act);
      requireOpen(proposal, this.#now());
      if (proposal.proposedBy === actor.operatorId) throw selfApproval();
      await this.#recheck(proposal, actor);
      await this.#proposals.move(proposal, 'open', this.#decided('executing', actor), actor);
      const result = await this.#execute(proposal, actor);
      return { proposal: this.show(id), result };
    });
  }

  async reject(id: string, actor: Actor): Promise<ProposalView> {
    requireRole(this.#operator(actor.operatorId), DECISIONS.reject);
    return this.#close(await this.#proposals.current(id), 'refused', actor);
  }

  async withdraw(id: string, actor: Actor): Promise<ProposalView> {
    requireRole(this.#operator(actor.operatorId), DECISIONS.withdraw);
    const proposal = await this.#proposals.current(id);
    if (proposal.proposedBy !== actor.operatorId) throw notYours(proposal);
    return this.#close(proposal, 'withdrawn', actor);
  }

  /**
   * Writes down which proposals have expired, those of this front alone where another process leads; answers how many.
   * `clock_jump`, `clock_ahead`.
   */
  async expireDue({ leads }: Pick<Leadership, 'leads'>): Promise<number> {
    this.#deps.timeGuard.requireSteadyTime();
    const due = this.#proposals.expired({ ofAllFronts: leads() });
    await forEach(due, (proposal) =>
      this.#proposals.move(proposal, 'open', this.#decided('expired', KEYWARD), KEYWARD),
    );
    return due.length;
  }

  /**
   * What was being executed when a process ended is never run again. What it changed in one commit was marked executed
   * in that commit, so the act itself was not finished. Where another process leads, those of this front alone.
   */
  recover({ leads, isAbandoned }: Leadership): Promise<readonly Proposal[]> {
    // None is being executed here meanwhile.
    return this.#approving.runExclusive(async () => {
      const executing = this.#proposals.executing({ ofAllFronts: leads() });
      const cut = executing.filter(({ id, decidedAt, proposedAt }) =>
        isAbandoned({ kind: 'proposal', id, since: decidedAt ?? proposedAt }),
      );
      await forEach(cut, (proposal) =>
        this.#proposals.move(proposal, 'executing', failedWith(interrupted()), KEYWARD),
      );
      return cut;
    });
  }

  /** Whoever proposed it must still be able to, and find what they found; otherwise it is over. */
  async #recheck(proposal: Proposal, actor: Actor): Promise<void> {
    const { act, parameters } = proposal;
    const flaw = this.#mayAsk(proposal)
      ? await this.#flawOf(proposal, this.#act(act), parameters)
      : proposerGone(proposal);
    if (!flaw) return;
    const failed = { ...this.#decided('failed', actor), ...failedWith(flaw) };
    await this.#proposals.move(proposal, 'open', failed, actor);
    throw flaw;
  }

  #mayAsk({ act, proposedBy }: Proposal): boolean {
    return holdsRole(this.#operator(proposedBy), ACTS[act].role);
  }

  async #flawOf(proposal: Proposal, act: AnyAct, parameters: JsonObject): Promise<KeywardError | undefined> {
    const { subject, before } = await act.plan(act.read(parameters));
    const same = subject === proposal.subject && canonicalJson(before) === canonicalJson(proposal.before);
    if (same) return undefined;
    // A front where the thing is may find it as it was.
    if (this.#proposals.isOfAllFronts(proposal)) throw outdatedHere();
    return outdated();
  }

  async #execute(proposal: Proposal, { operatorId, requestId, traceId }: Actor): Promise<object> {
    const { id, act: name, parameters, proposedBy } = proposal;
    const approval = { proposalId: id, approvedBy: operatorId };
    const actor: Actor = { operatorId: proposedBy, requestId, traceId, approval };
    const act = this.#act(name);
    try {
      // Writing down that it is approved takes as long as the HSM, and somebody may have been revoked meanwhile.
      requireRole(this.#operator(operatorId), DECISIONS.approve);
      if (!this.#mayAsk(proposal)) throw proposerGone(proposal);
      const result = await act.execute(act.read(parameters), actor);
      // Where the act is one commit, that commit has marked it.
      if (this.#proposals.find(id).state === 'executing') {
        await this.#proposals.move(proposal, 'executing', { state: 'executed' }, actor);
      }
      return result;
    } catch (error) {
      throw await this.#failed(proposal, error, actor);
    }
  }

  async #failed(proposal: Proposal, error: unknown, actor: Actor): Promise<unknown> {
    try {
      await this.#proposals.move(proposal, 'executing', failedWith(error), actor);
      return error;
    } catch (unmarked) {
      // It is marked once nobody is at it any more.
      return new AggregateError([error, unmarked], 'an execution failed, and could not be marked so');
    }
  }

  async #close(proposal: Proposal, state: 'refused' | 'withdrawn', actor: Actor): Promise<ProposalView> {
    requireOpen(proposal, this.#now());
    await this.#proposals.move(proposal, 'open', this.#decided(state, actor), actor);
    return this.show(proposal.id);
  }

  #requireTimeFor(act: ActName): void {
    if (!isForAnyTime(act)) this.#deps.timeGuard.requireSteadyTime();
  }

  #decided(state: ProposalMove['state'], { operatorId }: Actor): ProposalMove {
    return { state, decidedBy: operatorId, decidedAt: this.#now() };
  }

  #act(name: ActName): AnyAct {
    const act = this.#acts.get(name);
    if (act) return act;
    throw new KeywardError('internal', 'This act is not offered here.', { cause: new Error(name) });
  }

  #operator(id: string): Operator | undefined {
    return this.#deps.operators().find((operator) => operator.id === id);
  }

  #now(): number {
    return this.#deps.clock.nowSeconds();
  }
}

function personsOf(act: ActName, { facts = null, unchanged }: AnyPlanned): Persons {
  return unchanged ? 1 : personsFor(act, facts as never);
}

/** One that fails, since another front was quicker, keeps no other waiting: the first failure is thrown at the end. */
async function forEach(
  proposals: readonly Proposal[],
  work: (proposal: Proposal) => Promise<void>,
): Promise<void> {
  const failures: unknown[] = [];
  for (const proposal of proposals) await work(proposal).catch((error: unknown) => failures.push(error));
  if (failures.length > 0) throw failures[0];
}

function failedWith(error: unknown): ProposalMove {
  const { code, message } =
    error instanceof KeywardError ? error : new KeywardError('internal', 'something went wrong inside');
  return { state: 'failed', failure: { code, detail: message } };
}

const MOST_PROPOSALS = 10_000;

export function gateGauges(gate: Pick<ActGate, 'list'>): Gauges {
  return { proposalsOpen: () => gate.list({ limit: MOST_PROPOSALS, state: 'open' }).length };
}
