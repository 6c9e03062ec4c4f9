import type graphene from 'graphene-pk11';
import { KeywardError } from '../kernel/errors.ts';
import { isSoftwareHsm, type ModuleReport, type PinTerms, type TokenDescription } from '../kernel/signer.ts';
import { type Cryptoki, CryptokiError, calling, type Handle } from './cryptoki.ts';
import { reportModule } from './describe-module.ts';
import type { Epoch } from './epoch.ts';
import { login } from './login.ts';
import { algorithmsOf } from './mechanisms.ts';
import { findTokenSlot, loadModule, type Profile, profileOf, sessionLimit } from './module.ts';
import { NewPairs } from './new-pairs.ts';
import { Pace } from './pace.ts';
import type { SignerSettings } from './settings.ts';

const MAX_WAITING = 32_768;

/** One session, lent to one user at a time. */
export class Session {
  readonly #cryptoki: Cryptoki;
  readonly #slot: Handle;
  #handle: Handle | undefined;

  constructor(cryptoki: Cryptoki, slot: Handle) {
    this.#cryptoki = cryptoki;
    this.#slot = slot;
    this.#handle = cryptoki.openSession(slot);
  }

  get handle(): Handle {
    this.#handle ??= this.#cryptoki.openSession(this.#slot);
    return this.#handle;
  }

  /**
   * After an error the state of an operation is unknown, so the session goes, and another one comes with the next use.
   * The module may give its handle to somebody else at once.
   */
  renew(): void {
    const old = this.#handle;
    this.#handle = undefined;
    try {
      if (old) this.#cryptoki.closeSession(old);
    } catch (error) {
      // A session that is already gone cannot be closed; any other failure shows when the next one opens.
      if (!(error instanceof CryptokiError)) throw error;
    }
  }

  keepAlive(): void {
    this.#cryptoki.touchSession(this.handle);
  }
}

/** Lends a session until the promise settles. `overloaded` when too many wait, `hsm_unavailable` once the epoch is over. */
type Lend = <T>(use: (session: Session) => T | Promise<T>) => Promise<T>;

/** Sessions that are lent and come back, first come first served. */
export class SessionPool {
  readonly #free: Session[];
  readonly #epoch: Pick<Epoch, 'requireNow'>;
  readonly #waiting: ((session: Session) => void)[] = [];

  constructor(sessions: readonly Session[], epoch: Pick<Epoch, 'requireNow'>) {
    this.#free = [...sessions];
    this.#epoch = epoch;
  }

  readonly lend: Lend = (use) => this.#lend(use, 'push');

  /** The next session that comes back, before all that wait. */
  readonly lendNext: Lend = (use) => this.#lend(use, 'unshift');

  async #lend<T>(use: (session: Session) => T | Promise<T>, line: 'push' | 'unshift'): Promise<T> {
    const session = this.#free.pop() ?? (await this.#next(line));
    try {
      this.#epoch.requireNow();
      return await use(session);
    } finally {
      this.#takeBack(session);
    }
  }

  /** Only idle sessions: one in use needs no keeping alive, and must not be touched. */
  keepAlive(): void {
    for (const session of this.#free) session.keepAlive();
  }

  #next(line: 'push' | 'unshift'): Promise<Session> {
    if (this.#waiting.length >= MAX_WAITING) {
      throw new KeywardError('overloaded', 'too many signatures wait', { retryAfterSeconds: 1 });
    }
    return new Promise((resolve) => this.#waiting[line](resolve));
  }

  #takeBack(session: Session): void {
    const next = this.#waiting.shift();
    if (next) next(session);
    else this.#free.push(session);
  }
}

/** The token, open and logged in. Its sessions and handles live as long as this process. */
export interface Hsm {
  readonly cryptoki: Cryptoki;
  readonly description: TokenDescription;
  readonly profile: Profile;
  readonly report: () => ModuleReport;
  /** Keeps the login, and makes and destroys keys. */
  readonly anchor: SessionPool;
  /** For calls that hold the thread: they come before all others that wait for a session. */
  readonly direct: { readonly lend: Lend };
  /** For signatures in other threads. */
  readonly concurrent: SessionPool;
  readonly pace: Pace;
  readonly newPairs: NewPairs;
  /** To be asked again by whoever has waited while a session was lent. */
  readonly epoch: Pick<Epoch, 'requireNow'>;
}

/** Nothing is ever closed or logged out: the process ends instead. */
export function openHsm(settings: SignerSettings, epoch: Epoch, terms?: PinTerms): Hsm {
  const { module, cryptoki, lib } = loadModule(settings.modulePath);
  const { slot, token } = findTokenSlot(module, settings.tokenLabel, settings.tokenSerial);
  const size = sessionsFor(token, settings.sessions);
  if (settings.hardwareOnly) refuseSoftware(token);
  const anchor = new Session(cryptoki, slot.handle);
  login(cryptoki, anchor.handle, token, settings, terms);
  const made = Array.from({ length: size }, () => new Session(cryptoki, slot.handle));
  const sessions = new SessionPool(made, epoch);
  const profile = profileOf(calling('C_GetInfo', () => lib.C_GetInfo()));
  return {
    cryptoki,
    description: describe(slot, token, size),
    profile,
    report: () => reportModule({ lib, slot: slot.handle, profile, sessions: size }),
    anchor: new SessionPool([anchor], epoch),
    direct: { lend: sessions.lendNext },
    concurrent: sessions,
    pace: new Pace(),
    newPairs: new NewPairs(),
    epoch,
  };
}

/** Before any PIN is tried. */
function refuseSoftware({ manufacturerID: manufacturer, model, label }: graphene.Token): void {
  if (!isSoftwareHsm({ manufacturer, model })) return;
  throw new KeywardError(
    'invalid_config',
    `token ${label} is a software HSM (${manufacturer}), which production refuses; allow_software: true beside its token_label takes it all the same`,
  );
}

/** How many sessions may stand beside the anchor. */
export function sessionsFor(
  token: Pick<graphene.Token, 'maxSessionCount' | 'maxRwSessionCount'>,
  configured: number,
): number {
  const limits = [token.maxSessionCount, token.maxRwSessionCount].map(sessionLimit);
  const size = Math.min(configured, ...limits.flatMap((limit) => (limit === null ? [] : [limit - 1])));
  if (size < 1) throw new KeywardError('hsm_refused', 'the HSM token allows fewer than two sessions');
  return size;
}

function describe(slot: graphene.Slot, token: graphene.Token, sessions: number): TokenDescription {
  const mechanisms = mechanismsOf(slot);
  const { major, minor } = token.firmwareVersion;
  return {
    label: token.label,
    serial: token.serialNumber,
    manufacturer: token.manufacturerID,
    model: token.model,
    firmware: `${major}.${minor}`,
    algorithms: algorithmsOf(mechanisms),
    sessions,
    mechanisms,
  };
}

function mechanismsOf(slot: graphene.Slot): number[] {
  return calling('C_GetMechanismList', () => slot.lib.C_GetMechanismList(slot.handle));
}

/** Well within the 30 seconds after which a YubiHSM drops an idle session. */
const PERIOD_MS = 10_000;

/** Touches the idle sessions, and tells the epoch when one has died. Does not keep the process alive. */
export function keepAlive(hsm: Hsm, epoch: Epoch): void {
  const pools = [hsm.anchor, hsm.concurrent];
  const touch = () => {
    if (epoch.end) return;
    try {
      for (const pool of pools) pool.keepAlive();
    } catch (error) {
      epoch.failed('keeping the sessions alive', error);
    }
  };
  setInterval(touch, PERIOD_MS).unref();
}
