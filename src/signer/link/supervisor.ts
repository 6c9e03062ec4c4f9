import type { KeywardError } from '../../kernel/errors.ts';
import type {
  KeyProof,
  KeyReference,
  PinPermits,
  TokenDescription,
  TokenInspection,
} from '../../kernel/signer.ts';
import { Backoff, type BackoffBounds } from '../../lib/backoff.ts';
import type { Failure, Opening, Operation, Operations } from '../protocol.ts';
import type { Answer, Child } from './child.ts';
import { openInTurn } from './open-in-turn.ts';
import type { LinkState, SignerEvent } from './options.ts';
import { keepAsking, Probe } from './probe.ts';
import { asError, outcomeUnknown, shuttingDown, unavailable } from './refusals.ts';
import type { SignQueue } from './sign-queue.ts';
import { type Timers, within } from './timers.ts';

/** How long a process may take to finish what is under way, and again to exit, before it is killed. */
const GRACE_MS = 1_000;

interface SupervisorOptions {
  readonly opening: Opening;
  readonly signMs: number;
  /** In milliseconds. */
  readonly backoff: BackoffBounds;
  readonly random: () => number;
  readonly timers: Timers;
  readonly onEvent: (event: SignerEvent) => void;
  readonly fork: (sessions: number) => Child;
  readonly permits: PinPermits | undefined;
  readonly queue: SignQueue;
}

type Lost = Exclude<Answer<'open'>, { gives: unknown }>;

/** Operations that change the HSM: a caller must hear that nobody knows whether they were done. */
const CHANGING: ReadonlySet<Operation> = new Set(['generate', 'trial', 'discard', 'destroy']);

/** Keeps one process serving: opens it, gives it the keys, replaces it when it is spent. */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #backoff: Backoff;
  readonly #probe: Probe;
  readonly #stopped = Promise.withResolvers<void>();
  #state: LinkState = 'starting';
  #latch: KeywardError | undefined;
  #stopping = false;
  #running: Promise<void> | undefined;
  #firstAttempt = Promise.withResolvers<void>();
  /** The process of this life, opened or not, and how to give it up. */
  #child: Child | undefined;
  #spend: (why: string) => void = () => {};
  #awayFor = '';
  #keys: readonly KeyReference[] | undefined;
  /** Of these keys the last proof failed. */
  readonly #unproven = new Map<string, KeyProof>();
  #fresh = true;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#backoff = new Backoff(options.backoff, options.random);
    this.#probe = new Probe({
      ...options,
      graceMs: GRACE_MS,
      onMore: (why) => this.#spend(why),
      onMissing: (kids) => options.onEvent({ type: 'missing', kids }),
    });
  }

  get state(): LinkState {
    return this.#state;
  }

  /** Settles after the first attempt, whatever came of it. After a latch it tries once more. */
  async start(): Promise<void> {
    if (this.#latch) await this.#running;
    if (this.#stopping) throw shuttingDown();
    if (!this.#running) {
      this.#firstAttempt = Promise.withResolvers();
      this.#running = this.#run();
    }
    return this.#firstAttempt.promise;
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.#stopped.resolve();
    this.#options.queue.refuseAll(shuttingDown());
    await Promise.all([this.#child?.end(GRACE_MS), this.#probe.rest()]);
    await this.#running;
  }

  /** Why no call can be taken; undefined when one can, at once or, in state `starting`, in a moment. */
  refusal(): KeywardError | undefined {
    if (this.#stopping) return shuttingDown();
    return this.#state === 'away' ? unavailable(this.#awayFor) : this.#latch;
  }

  /** Through the process that serves, once: `hsm_unavailable` if it is lost meanwhile. */
  async call<K extends Operation>(op: K, takes: Operations[K]['takes']): Promise<Operations[K]['gives']> {
    const child = this.#child;
    if (this.#state !== 'ready' || !child)
      throw this.refusal() ?? unavailable('the signer is being replaced');
    const answer = await child.call(op, takes);
    if ('gives' in answer) return answer.gives;
    if ('gone' in answer) throw CHANGING.has(op) ? outcomeUnknown(answer.gone) : unavailable(answer.gone);
    this.heed(child, answer.failure);
    throw asError(answer.failure);
  }

  /** The keys are remembered for every process to come, even when this call fails. */
  async serve(keys: readonly KeyReference[]): Promise<readonly KeyProof[]> {
    this.#keys = keys;
    const fresh = this.#fresh;
    const proofs = await this.call('serve', keys);
    this.#fresh = false;
    this.#learn(proofs, fresh);
    return proofs;
  }

  /** These are remembered as well. */
  async serveAlso(keys: readonly KeyReference[]): Promise<readonly KeyProof[]> {
    const kids = new Set(keys.map(({ kid }) => kid));
    this.#keys = [...(this.#keys ?? []).filter(({ kid }) => !kids.has(kid)), ...keys];
    const proofs = await this.call('serveAlso', keys);
    this.#learn(proofs, false);
    return proofs;
  }

  /** These are remembered no more, even when this call fails. */
  async release(hsmIds: readonly string[]): Promise<void> {
    const released = new Set(hsmIds);
    this.#keys = (this.#keys ?? []).filter(({ hsmId }) => !released.has(hsmId));
    await this.call('release', hsmIds);
    this.#learn([], false);
  }

  /** Beside the process that serves, by one of its own that logs in once more. */
  async inspect(keys: readonly KeyReference[]): Promise<TokenInspection> {
    if (this.#state !== 'ready') throw this.refusal() ?? unavailable('the signer is being replaced');
    return this.#probe.inspect(keys);
  }

  /** What a failure asks for beyond the call that met it. Only a PIN's failure concerns all calls to come. */
  heed(child: Child, failure: Failure): void {
    if (child !== this.#child) return;
    if (failure.code === 'pin_latched') this.#latchWith(failure);
    else if (failure.remedy === 'replace') this.#spend(describe(failure));
  }

  async #run(): Promise<void> {
    this.#latch = undefined;
    this.#state = 'starting';
    this.#backoff.reset();
    while (!this.#latch && !this.#stopping) {
      await this.#live().catch((cause: unknown) => this.#away(String(cause)));
      this.#firstAttempt.resolve();
      if (!this.#latch) await this.#pause();
    }
    this.#running = undefined;
  }

  async #live(): Promise<void> {
    const { fork, opening } = this.#options;
    await this.#probe.rest();
    if (this.#stopping) return;
    const child = fork(opening.sessions);
    this.#child = child;
    const opened = await this.#prepare(child);
    if ('gives' in opened) await this.#serveUntilSpent(child, opened.gives);
    else this.#failed(opened);
    await child.end(GRACE_MS);
  }

  /** No signature is asked for before the keys are found and proven (PKCS11.md rule 2). */
  async #prepare(child: Child): Promise<Answer<'open'>> {
    const { opening, permits } = this.#options;
    const opened = await openInTurn(child, opening, permits);
    if (!('gives' in opened)) return opened;
    this.#fresh = true;
    let served: readonly KeyReference[] | undefined;
    while (this.#keys && this.#keys !== served) {
      served = this.#keys;
      const answer = await child.call('serve', served);
      if (!('gives' in answer)) return answer;
      this.#options.onEvent({ type: 'proofs', proofs: answer.gives });
      this.#learn(answer.gives, true);
      this.#fresh = false;
    }
    return opened;
  }

  async #serveUntilSpent(child: Child, token: TokenDescription): Promise<void> {
    const { signMs, timers, queue, onEvent, backoff } = this.#options;
    const spent = Promise.withResolvers<string>();
    this.#spend = spent.resolve;
    this.#awayFor = '';
    this.#state = 'ready';
    const readyAt = timers.nowMs();
    const stopAsking = keepAsking(child, signMs, timers, (failure) => this.heed(child, failure));
    onEvent({ type: 'ready', pid: child.pid, token });
    queue.attach(child, token.sessions);
    this.#firstAttempt.resolve();
    const why = await Promise.race([child.gone, spent.promise]);
    queue.detach();
    stopAsking();
    if (timers.nowMs() - readyAt > backoff.max) this.#backoff.reset();
    if (this.#latch || this.#stopping) return;
    this.#state = 'starting';
    onEvent({ type: 'replaced', why });
  }

  /** Only what concerns a PIN that was tried waits for people: anything before it is tried again. */
  #failed(answer: Lost): void {
    if ('failure' in answer && answer.failure.code === 'pin_latched') this.#latchWith(answer.failure);
    else if (!this.#stopping) this.#away('gone' in answer ? answer.gone : describe(answer.failure));
  }

  #away(why: string): void {
    this.#state = 'away';
    if (why !== this.#awayFor) this.#options.onEvent({ type: 'away', why });
    this.#awayFor = why;
  }

  #latchWith(failure: Failure): void {
    this.#latch = asError(failure);
    this.#state = 'latched';
    this.#options.queue.refuseAll(this.#latch);
    this.#options.onEvent({ type: 'latched', why: describe(failure) });
    this.#spend('latched');
  }

  /** Keys may have been released while they were proven, or others served. */
  #learn(proofs: readonly KeyProof[], fresh: boolean): void {
    const keys = this.#keys ?? [];
    for (const proof of proofs) {
      if (proof.proven) this.#unproven.delete(proof.kid);
      else this.#unproven.set(proof.kid, proof);
    }
    if (this.#unproven.size > 0) {
      const kids = new Set(keys.map(({ kid }) => kid));
      for (const kid of this.#unproven.keys()) if (!kids.has(kid)) this.#unproven.delete(kid);
    }
    this.#probe.follow(keys, [...this.#unproven.values()], fresh);
  }

  async #pause(): Promise<void> {
    await within(this.#options.timers, this.#backoff.next(), this.#stopped.promise);
  }
}

/** For the log and for operators. */
function describe({ message, detail }: Failure): string {
  return detail === undefined ? message : `${message}: ${detail}`;
}
