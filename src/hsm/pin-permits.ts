import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import type { AuditEvent } from '../kernel/audit.ts';
import { systemClock } from '../kernel/clock.ts';
import { KeywardError, operatorText } from '../kernel/errors.ts';
import type { PinAttempt, PinPermits, PinState, PinTerms } from '../kernel/signer.ts';
import {
  begun,
  concluded,
  isBound,
  outcomeOf,
  type PinOutcome,
  type PinPermit,
  refusalOf,
  settled,
  type TokenIdentity,
  type Trier,
} from './pin-permit.ts';

export interface FoundPermit {
  readonly permit: PinPermit;
  /** Whether the front that it names is still there. */
  readonly isHeld: boolean;
  /** The last audit event. */
  readonly auditEnd: number;
}

/** The permits of a database that several fronts share. `store_unavailable`. */
export interface PinPermitStore {
  /** This process there. */
  readonly front: string;
  read(token: TokenIdentity): Promise<PinPermit>;
  /** One change after another, of all processes: known to be kept once it is answered. */
  change<T>(
    token: TokenIdentity,
    judge: (found: FoundPermit) => { readonly permit: PinPermit; readonly answer: T },
  ): Promise<T>;
  /**
   * As if no PIN had ever been tried, in one commit with the event. `hsm_unavailable` while a front is at an attempt;
   * `proposal_outdated` for one person where there is anything to clear.
   */
  clear(token: TokenIdentity, event: AuditEvent, isAlone: boolean): Promise<void>;
}

/** Between two looks whether it is this front's turn. */
const LOOK_EVERY_MS = 100;
/** Longer than a signer is given to open its token. */
const TURN_WITHIN_MS = 30_000;

type Turn = { readonly terms: PinTerms } | { readonly refused: string } | { readonly heldBy: string };

/** Those of one HSM token, as this process asks for them. */
export class TokenPermits implements PinPermits {
  readonly token: TokenIdentity;
  readonly #store: PinPermitStore;
  readonly #self: Trier;
  /** The attempt that is under way here. */
  #trying: string | undefined;
  /** What the database has not been told of. */
  #ended: { readonly outcome: PinOutcome } | undefined;
  #known: PinState | undefined;
  /** Whether others have to do something before the PIN is tried here. */
  #isRefused = false;

  readonly #lookEveryMs: number;

  /** Tests wait for less. */
  constructor(store: PinPermitStore, token: TokenIdentity, { lookEveryMs = LOOK_EVERY_MS } = {}) {
    this.token = token;
    this.#store = store;
    this.#lookEveryMs = lookEveryMs;
    this.#self = { front: store.front, host: `${hostname()} (process ${process.pid})` };
  }

  async take(pin: PinState, gone: Promise<unknown>): Promise<PinAttempt> {
    this.#known = pin;
    this.#isRefused = false;
    try {
      return await this.#take(pin, gone);
    } catch (error) {
      if (error instanceof KeywardError && error.code !== 'store_unavailable') throw error;
      const why = error instanceof KeywardError ? operatorText(error) : String(error);
      throw away(`no PIN is tried before the database says that no other host tries it: ${why}`);
    }
  }

  /** This one, as others are told of it. */
  get host(): string {
    return this.#self.host;
  }

  /** What the signer said of its PIN last; undefined before it did. */
  get known(): PinState | undefined {
    return this.#known;
  }

  /** Whether the PIN may be tried here that was refused for what others did. */
  async isOpenAgain(): Promise<boolean> {
    return this.#isRefused && refusalOf(await this.read(), this.#known ?? NOT_ACCEPTED) === undefined;
  }

  read(): Promise<PinPermit> {
    return this.#store.read(this.token);
  }

  clear(event: AuditEvent, isAlone: boolean): Promise<void> {
    return this.#store.clear(this.token, event, isAlone);
  }

  /** Tells the database what it has not been told of: others wait for it. */
  async tell(): Promise<void> {
    const ended = this.#ended;
    if (!ended) return;
    await this.#store.change(this.token, ({ permit }) => ({
      permit: concluded(permit, ended.outcome, this.#self, systemClock.nowSeconds()),
      answer: null,
    }));
    if (this.#ended === ended) this.#ended = undefined;
  }

  async #take(pin: PinState, gone: Promise<unknown>): Promise<PinAttempt> {
    let isGone = false;
    const ended = gone.then(() => {
      isGone = true;
    });
    const look = () => Promise.race([pause(this.#lookEveryMs), ended]);
    // The process before this one died over its attempt.
    if (this.#trying !== undefined) this.#end(outcomeOf(this.#trying, pin));
    if (this.#ended) {
      await this.tell();
      // Others have waited longer.
      await look();
    }
    const deadline = performance.now() + TURN_WITHIN_MS;
    for (;;) {
      if (isGone) throw away('the signer has ended');
      const turn = await this.#ask(pin);
      if ('terms' in turn) return this.#attempt(turn.terms);
      if ('refused' in turn) {
        this.#isRefused = true;
        throw new KeywardError('pin_latched', turn.refused);
      }
      if (performance.now() >= deadline) throw away(`${turn.heldBy} is trying the PIN`);
      await look();
    }
  }

  async #ask(pin: PinState): Promise<Turn> {
    try {
      return await this.#store.change(this.token, (found) => this.#judge(found, pin));
    } catch (error) {
      // If it was committed all the same, the others wait for this front.
      this.#end('untried');
      throw error;
    }
  }

  #judge(
    { permit: found, isHeld, auditEnd }: FoundPermit,
    pin: PinState,
  ): { readonly permit: PinPermit; readonly answer: Turn } {
    const self = this.#self;
    if (isHeld && found.front !== self.front) return { permit: found, answer: { heldBy: found.host } };
    const at = systemClock.nowSeconds();
    const permit = settled(found, pin, self, at);
    const id = randomUUID();
    const terms = { permit: { id, after: auditEnd }, onlyAccepted: isBound(permit) };
    // The signer refuses by itself, and says why.
    if (pin.state === 'rejected' || pin.state === 'unreadable') return { permit, answer: { terms } };
    const refused = refusalOf(permit, pin);
    if (refused !== undefined) return { permit, answer: { refused } };
    return { permit: begun(permit, self, id, at), answer: { terms } };
  }

  #attempt(terms: PinTerms): PinAttempt {
    const { id } = terms.permit;
    this.#trying = id;
    return {
      terms,
      accepted: () => this.#end('accepted'),
      ended: (now) => {
        this.#known = now;
        this.#end(outcomeOf(id, now));
      },
    };
  }

  #end(outcome: PinOutcome): void {
    this.#trying = undefined;
    this.#ended = { outcome };
    // Where it fails, it is told again.
    this.tell().catch(() => {});
  }
}

const NOT_ACCEPTED = { isAccepted: false };

function away(why: string): KeywardError {
  return new KeywardError('hsm_unavailable', why);
}
