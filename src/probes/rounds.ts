import { type Clock, dayOf } from '../kernel/clock.ts';
import { KeywardError } from '../kernel/errors.ts';
import type { Leadership } from '../kernel/registry.ts';
import { type EventRaiser, securityEvent } from '../kernel/security-events.ts';
import {
  isPlace,
  PROBE_NAMES,
  type Probe,
  type ProbeAnswer,
  type ProbePlace,
  type ProbeStatus,
  type UnsentProbe,
  type VerifierProbe,
} from './probe.ts';
import { evaluateReply, type Reply, type SendProbe } from './send.ts';
import type { RoundTokens } from './tokens.ts';

/** Rounds in which one of the tokens was not answered, in a row. */
interface Unanswered {
  readonly since: number;
  readonly count: number;
}

/** What is remembered of one verifier; with the process it is gone, and learned again within a round. */
class ProbeState {
  nextAt: number;
  /** The token that is to be sent as an expired one. */
  expiring: { readonly token: string; readonly dueAt: number } | null = null;
  /** The round or step under way. */
  busy: Promise<void> | undefined;
  readonly #answers = new Map<Probe, ProbeAnswer>();
  readonly #unanswered = new Map<Probe, Unanswered>();

  constructor(nextAt: number) {
    this.nextAt = nextAt;
  }

  /** Answers in how many rounds in a row it went unanswered; undefined where it did not. */
  note(answer: ProbeAnswer): Unanswered | undefined {
    const { probe, verdict, at } = answer;
    this.#answers.set(probe, answer);
    if (verdict !== 'unclear') {
      this.#unanswered.delete(probe);
      return undefined;
    }
    const before = this.#unanswered.get(probe);
    const now = { since: before?.since ?? at, count: (before?.count ?? 0) + 1 };
    this.#unanswered.set(probe, now);
    return now;
  }

  standing(probe: VerifierProbe, isProbedHere: boolean): Omit<ProbeStatus, 'notSent'> {
    return {
      ...probe,
      answers: PROBE_NAMES.flatMap((name) => this.#answers.get(name) ?? []),
      expiredDueAt: this.expiring?.dueAt ?? null,
      nextAt: isProbedHere ? this.nextAt : null,
    };
  }
}

interface ProbeRoundDeps {
  readonly probes: () => readonly VerifierProbe[];
  /** Whether its client stands and may verify for the scope: else nothing is sent. */
  readonly mayVerify: (place: ProbePlace) => boolean;
  readonly makeTokens: (scopeId: string) => Promise<RoundTokens>;
  readonly unsent: (scopeId: string) => readonly UnsentProbe[];
  readonly send: SendProbe;
  readonly events: EventRaiser;
  readonly clock: Clock;
  readonly leadership: Pick<Leadership, 'leads'>;
  readonly everySeconds: number;
  /** Verifiers asked at the same time. */
  readonly concurrency: number;
  /** After so many rounds in a row without a clear answer, that is an event. */
  readonly unansweredRounds: number;
  /** Aborted with the service: what is under way is dropped, and nothing told of it. */
  readonly ended: AbortSignal;
}

/** Sends verifiers what they must accept and what they must refuse, and tells which of them do not. */
export class ProbeRounds {
  readonly #deps: ProbeRoundDeps;
  readonly #states = new Map<string, ProbeState>();

  constructor(deps: ProbeRoundDeps) {
    this.#deps = deps;
  }

  /**
   * Does what is due by now, a few verifiers at a time. Where another process leads, it sends what is out to be sent as
   * expired, and begins no round.
   */
  async tick(): Promise<void> {
    this.#forgetRemoved();
    const due = this.#due();
    const failures: unknown[] = [];
    const work = async () => {
      for (let next = due.shift(); next && !this.#deps.ended.aborted; next = due.shift()) {
        await next().catch((error: unknown) => failures.push(error));
      }
    };
    await Promise.all(Array.from({ length: this.#deps.concurrency }, work));
    if (failures.length > 0) throw failures[0];
  }

  /** A round now, after what is under way. `unknown_probe`, `invalid_probe`, `store_unavailable`. */
  async run(place: ProbePlace): Promise<ProbeStatus> {
    const probe = this.#deps.probes().find((each) => isPlace(each, place));
    if (!probe) throw new KeywardError('unknown_probe', 'this client has no probe URL for this scope');
    if (!this.#deps.mayVerify(place)) {
      throw new KeywardError('invalid_probe', 'client: it may not verify for this scope; give it the grant');
    }
    const state = this.#stateOf(probe);
    // How that ends is told to whoever began it.
    await state.busy?.catch(() => {});
    await this.#alone(state, () => this.#round(probe, state));
    return this.#standing(probe);
  }

  standings(): readonly ProbeStatus[] {
    return this.#deps.probes().map((probe) => this.#standing(probe));
  }

  #due(): (() => Promise<void>)[] {
    const now = this.#deps.clock.nowSeconds();
    return this.#deps.probes().flatMap((probe) => {
      const state = this.#stateOf(probe);
      const expired = state.expiring !== null && state.expiring.dueAt <= now;
      const roundIsDue = () => state.nextAt <= now && this.#deps.leadership.leads();
      if (!(expired || roundIsDue()) || !this.#deps.mayVerify(probe)) return [];
      return () =>
        this.#alone(state, async () => {
          if (expired) await this.#sendExpired(probe, state);
          if (roundIsDue()) await this.#round(probe, state);
        });
    });
  }

  /** One thing at a time for each verifier; whoever comes meanwhile has what is under way. */
  #alone(state: ProbeState, work: () => Promise<void>): Promise<void> {
    state.busy ??= work().finally(() => {
      state.busy = undefined;
    });
    return state.busy;
  }

  async #round(probe: VerifierProbe, state: ProbeState): Promise<void> {
    state.nextAt = this.#deps.clock.nowSeconds() + this.#deps.everySeconds;
    const made = await this.#deps.makeTokens(probe.scopeId).catch(asFailure);
    if ('failure' in made) {
      await this.#note(probe, state, 'fresh', made);
      return;
    }
    for (const [name, token] of made.tokens) {
      const answer = await this.#ask(probe, state, name, token);
      // Whoever does not answer refuses nothing.
      if (!answer || (name === 'fresh' && answer.verdict === 'unclear')) return;
      if (name === 'fresh') state.expiring ??= { token, dueAt: made.expiredAt };
    }
  }

  async #sendExpired(probe: VerifierProbe, state: ProbeState): Promise<void> {
    const { expiring } = state;
    state.expiring = null;
    if (expiring) await this.#ask(probe, state, 'expired', expiring.token);
  }

  async #ask(probe: VerifierProbe, state: ProbeState, name: Probe, token: string) {
    const reply = await this.#deps.send(probe.url, token);
    return this.#deps.ended.aborted ? undefined : this.#note(probe, state, name, reply);
  }

  async #note(place: ProbePlace, state: ProbeState, probe: Probe, reply: Reply): Promise<ProbeAnswer> {
    const { events, clock, unansweredRounds } = this.#deps;
    const at = clock.nowSeconds();
    const status = 'status' in reply ? reply.status : null;
    const answer = { probe, status, at, ...evaluateReply(probe, reply) };
    const unanswered = state.note(answer);
    const of = { client: place.clientId, scope: place.scopeId, probe };
    if (answer.verdict === 'wrong' && status !== null) {
      events.raise(securityEvent('verifier.lenient', { ...of, status, at, day: dayOf(at) }));
    }
    if (unanswered && unanswered.count >= unansweredRounds) {
      const { since, count } = unanswered;
      events.raise(securityEvent('verifier.unprobed', { ...of, since, count, why: answer.why ?? '' }));
    }
    return answer;
  }

  #standing(probe: VerifierProbe): ProbeStatus {
    const { mayVerify, unsent, leadership } = this.#deps;
    const isProbedHere = leadership.leads() && mayVerify(probe);
    return { ...this.#stateOf(probe).standing(probe, isProbedHere), notSent: unsent(probe.scopeId) };
  }

  #stateOf(probe: VerifierProbe): ProbeState {
    const key = keyOf(probe);
    const known = this.#states.get(key);
    if (known) return known;
    const state = new ProbeState(this.#deps.clock.nowSeconds());
    this.#states.set(key, state);
    return state;
  }

  #forgetRemoved(): void {
    const keys = new Set(this.#deps.probes().map(keyOf));
    for (const key of this.#states.keys()) if (!keys.has(key)) this.#states.delete(key);
  }
}

/** Another URL is another verifier: what was sent to the former one is never sent there. */
function keyOf({ clientId, scopeId, url, setAt }: VerifierProbe): string {
  return JSON.stringify([clientId, scopeId, url, setAt]);
}

function asFailure(error: unknown): { readonly failure: string } {
  const code = error instanceof KeywardError ? error.code : 'internal';
  return { failure: `no token could be issued for it (${code})` };
}
