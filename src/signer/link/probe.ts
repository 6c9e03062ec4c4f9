import type { KeyProof, KeyReference, PinPermits, TokenInspection } from '../../kernel/signer.ts';
import { Backoff } from '../../lib/backoff.ts';
import type { Failure, Opening, Operation, Operations } from '../protocol.ts';
import type { Answer, Child } from './child.ts';
import { openInTurn } from './open-in-turn.ts';
import { asError, unavailable } from './refusals.ts';
import type { Timers } from './timers.ts';

function countProven(proofs: readonly KeyProof[]): number {
  return proofs.filter(({ proven }) => proven).length;
}

function missingKids(proofs: readonly KeyProof[]): string[] {
  return proofs.filter(({ found }) => !found).map(({ kid }) => kid);
}

/** Short enough for keys that come back to serve within five seconds. */
const BACKOFF_MS = { first: 500, max: 2_000 };
/** A token with many keys is slow to read: looking takes at most a quarter of one core. */
const REST_PER_LOOK = 3;
const LONGEST_REST_MS = 30_000;

interface ProbeOptions {
  readonly opening: Opening;
  readonly graceMs: number;
  readonly timers: Timers;
  readonly random: () => number;
  readonly fork: (sessions: number) => Child;
  readonly permits: PinPermits | undefined;
  /** A fresh process proves more keys than the serving one. */
  readonly onMore: (why: string) => void;
  /** The list as a fresh process sees it, each time it changes. */
  readonly onMissing: (kids: readonly string[]) => void;
}

/**
 * A module that lost sight of a key may stay blind while the token is fine again, and only a new process can
 * tell (PKCS11.md rule 7). So while keys are missing, short-lived processes look, and the serving one goes on.
 */
export class Probe {
  readonly #options: ProbeOptions;
  readonly #backoff: Backoff;
  #round = 0;
  #inProgress: Promise<void> = Promise.resolve();
  #child: Child | undefined;
  #cancel: () => void = () => {};
  #reported = '';
  /** Grows with each `rest`: what was asked for before it is not done after it. */
  #rests = 0;

  constructor(options: ProbeOptions) {
    this.#options = options;
    this.#backoff = new Backoff(BACKOFF_MS, options.random);
  }

  /**
   * Takes what the serving process could not prove of the keys. A process that is not fresh is not believed that keys
   * are missing.
   */
  follow(keys: readonly KeyReference[], unproven: readonly KeyProof[], fresh: boolean): void {
    this.#stopRound();
    const missing = missingKids(unproven);
    if (fresh || missing.length === 0) this.#report(missing);
    if (missing.length === 0) return;
    this.#backoff.reset();
    this.#schedule(keys, keys.length - unproven.length, fresh ? this.#backoff.next() : 0);
  }

  /** All there is on the token, and whether the keys are proven there, as a fresh process finds it. `hsm_unavailable`. */
  inspect(keys: readonly KeyReference[]): Promise<TokenInspection> {
    const asked = this.#rests;
    const inspected = this.#inProgress.then(() => this.#inspect(keys, asked));
    this.#inProgress = inspected.then(
      () => {},
      () => {},
    );
    return inspected;
  }

  /** Settles once no probe runs: two processes that log in at once would confuse the PIN's latch (I9). */
  async rest(): Promise<void> {
    this.#stopRound();
    this.#rests += 1;
    await this.#child?.end(this.#options.graceMs);
    await this.#inProgress;
  }

  #stopRound(): void {
    this.#cancel();
    this.#round += 1;
  }

  #schedule(keys: readonly KeyReference[], proven: number, delayMs: number): void {
    const round = this.#round;
    this.#cancel = this.#options.timers.after(delayMs, () => {
      this.#inProgress = this.#inProgress.then(() => this.#runProbe(round, keys, proven));
    });
  }

  async #runProbe(round: number, keys: readonly KeyReference[], proven: number): Promise<void> {
    if (round !== this.#round) return;
    const startedAt = this.#options.timers.nowMs();
    const proofs = await this.#prove(keys);
    if (round !== this.#round) return;
    const seen = countProven(proofs);
    if (seen > proven) return this.#options.onMore(`a fresh process proves ${seen} keys, not ${proven}`);
    if (proofs.length > 0) this.#report(missingKids(proofs));
    const restMs = REST_PER_LOOK * (this.#options.timers.nowMs() - startedAt);
    this.#schedule(keys, proven, Math.max(this.#backoff.next(), Math.min(restMs, LONGEST_REST_MS)));
  }

  /** Empty where the HSM could not be opened. */
  async #prove(keys: readonly KeyReference[]): Promise<readonly KeyProof[]> {
    return this.#withFresh(async (child) => {
      const opened = await this.#open(child);
      const served = 'gives' in opened ? await child.call('serve', keys) : opened;
      return 'gives' in served && Array.isArray(served.gives) ? served.gives : [];
    });
  }

  async #inspect(keys: readonly KeyReference[], asked: number): Promise<TokenInspection> {
    if (asked !== this.#rests) throw unavailable('the signer is being replaced');
    return this.#withFresh(async (child) => ({
      token: given(await this.#open(child)),
      proofs: given(await child.call('serve', keys)),
      objects: given(await child.call('inventory', null)),
    }));
  }

  #open(child: Child): Promise<Answer<'open'>> {
    const { opening, permits } = this.#options;
    return openInTurn(child, { ...opening, sessions: 1 }, permits);
  }

  async #withFresh<T>(work: (child: Child) => Promise<T>): Promise<T> {
    const { graceMs, fork } = this.#options;
    const child = fork(1);
    this.#child = child;
    try {
      return await work(child);
    } finally {
      await child.end(graceMs);
      this.#child = undefined;
    }
  }

  #report(kids: readonly string[]): void {
    const list = [...kids].sort().join(' ');
    if (list === this.#reported) return;
    this.#reported = list;
    this.#options.onMissing(kids);
  }
}

function given<K extends Operation>(answer: Answer<K>): Operations[K]['gives'] {
  if ('gives' in answer) return answer.gives;
  throw 'gone' in answer ? unavailable(answer.gone) : asError(answer.failure);
}

const EVERY_MS = 1_000;

/**
 * Asks an idle process a small question each second, so that one which hangs is found before a caller finds
 * it: its deadline kills it. A busy process has deadlines of its own. The function returned stops it.
 */
export function keepAsking(
  child: Child,
  deadlineMs: number,
  timers: Timers,
  onFailure: (failure: Failure) => void,
): () => void {
  let cancel = () => {};
  const wait = () => {
    cancel = timers.after(EVERY_MS, ask);
  };
  const ask = () => {
    wait();
    if (!child.idle) return;
    void child.call('describe', null, deadlineMs).then((answer) => {
      if ('failure' in answer) onFailure(answer.failure);
    });
  };
  wait();
  return () => cancel();
}
