import type { SettledTime, TimeGuard } from '../kernel/clock.ts';
import { KeywardError } from '../kernel/errors.ts';

/** Why the time is not believed, for the event `clock.jump`. */
export interface ClockJump {
  readonly kind: 'departed' | 'before_checkpoint' | 'ahead_of_checkpoint';
  /** Wall time as it is, and the nearest time that would be believed, in seconds since the epoch. */
  readonly wall: number;
  readonly expected: number;
}

interface ClockWatchOptions {
  /** Milliseconds since the epoch. */
  readonly wallMs: () => number;
  /** Milliseconds since some moment of the past; counts on through changes of the wall clock, and through sleep. */
  readonly steadyMs: () => number;
  /** The same but for sleep, and cheap: asked for each token. */
  readonly quickMs: () => number;
  /** Of the newest checkpoint whose signature was verified, in seconds since the epoch; undefined before the first. */
  readonly lastCheckpointTime: number | undefined;
  /** How long the service may have been down: a start further ahead of the last checkpoint is doubted. */
  readonly maxDowntimeSeconds: number;
  /** How long time must be believed without a break before anything irreversible is done. */
  readonly settleSeconds: number;
}

export interface ClockListener {
  readonly onJump: (jump: ClockJump) => void;
  readonly onSteady: () => void;
}

interface Moment {
  readonly wallMs: number;
  readonly steadyMs: number;
}

interface Doubt {
  readonly jump: ClockJump;
  readonly began: Moment;
}

/** Beyond what slewing does in an hour (500 ppm is 1.8 s), below what an attacker could use. */
const TOLERANCE_MS = 5_000;
/** Beyond it the slower clock is asked; small, since each examination starts it anew. */
const QUICK_TOLERANCE_MS = 1_000;
/** Slewing adds up: every hour the comparison begins anew. */
const ANCHOR_LASTS_MS = 3_600_000;
/** The least time that a clock must run evenly after a step before it is believed. */
const LEAST_PROBATION_MS = 60_000;
/** Clocks of two machines may differ so much when a service moves. */
const CHECKPOINT_TOLERANCE_SECONDS = 5;

/**
 * Compares wall time with monotonic time and, until it was believed once, with the last checkpoint (I13). Doubt ends
 * when the wall clock is back where it should be, when it has run evenly for as long as it stepped, when people confirm
 * it, or with a restart that finds it right.
 */
export class ClockWatch implements TimeGuard, SettledTime {
  readonly #options: ClockWatchOptions;
  readonly #start: Moment;
  #lastCheckpointTime: number | undefined;
  #listener: ClockListener;
  /** Undefined until the time was first believed in this run. */
  #anchor: Moment | undefined;
  /** Whether any checkpoint stands behind this clock: without one, nothing tells how long the service was down. */
  #isVouched: boolean;
  #believedSinceMs = Number.POSITIVE_INFINITY;
  /** Wall time less quick time when all was found well. */
  #quickOffsetMs = Number.NaN;
  #doubt: Doubt | undefined;

  constructor(options: ClockWatchOptions, listener: ClockListener) {
    this.#options = options;
    this.#lastCheckpointTime = options.lastCheckpointTime;
    this.#isVouched = options.lastCheckpointTime !== undefined;
    this.#listener = listener;
    this.#start = this.#now();
    this.examine();
  }

  /** Notifies this listener from now on, at once of a doubt that lasts. */
  follow(listener: ClockListener): void {
    this.#listener = listener;
    if (this.#doubt) listener.onJump(this.#doubt.jump);
  }

  requireSteadyTime(): void {
    const driftMs = this.#options.wallMs() - this.#options.quickMs() - this.#quickOffsetMs;
    if (Math.abs(driftMs) <= QUICK_TOLERANCE_MS) return;
    const jump = this.examine();
    if (jump) throw refusal(jump);
  }

  isSettled(): boolean {
    if (this.examine() || !this.#isVouched) return false;
    return this.#now().steadyMs - this.#believedSinceMs >= this.#options.settleSeconds * 1_000;
  }

  /** What is wrong now; notifies of its beginning and its end. */
  examine(): ClockJump | undefined {
    const now = this.#now();
    const departed = this.#anchor && departure(this.#anchor, now);
    if (departed && this.#isLivedThrough(departed, now)) this.#anchor = undefined;
    const jump = this.#anchor ? departed : this.#misfit(now);
    if (jump) this.#distrust(jump, now);
    else this.#trust(now);
    return jump;
  }

  /** The doubt that lasts, and wall time when it began. A clock that is changed meanwhile is another doubt. */
  doubt(): (ClockJump & { readonly since: number }) | undefined {
    this.examine();
    return this.#doubt && { ...this.#doubt.jump, since: seconds(this.#doubt.began.wallMs) };
  }

  /** No later than the true time: a clock that is ahead does not move it beyond the last checkpoint; 0 without one. */
  earliestSeconds(): number {
    return Math.min(seconds(this.#options.wallMs()), this.#options.lastCheckpointTime ?? 0);
  }

  /**
   * A checkpoint of that time is in the database now. The signer gives each number once: the first one that it sealed,
   * and the first one it seals in this run, tell that none is missing before it.
   */
  vouch(checkpointTime: number): void {
    if (this.#isVouched) return;
    this.#isVouched = true;
    this.#lastCheckpointTime = checkpointTime;
    this.#anchor = undefined;
    this.examine();
  }

  /** Believes the wall clock as it is now, whatever the last checkpoint says. */
  confirm(): void {
    this.#lastCheckpointTime = undefined;
    this.#isVouched = true;
    this.#anchor = undefined;
    this.examine();
  }

  #now(): Moment {
    return { wallMs: this.#options.wallMs(), steadyMs: this.#options.steadyMs() };
  }

  /** At a start there is no steady time to compare with, only the last checkpoint. */
  #misfit({ wallMs, steadyMs }: Moment): ClockJump | undefined {
    const last = this.#lastCheckpointTime;
    if (last === undefined) return undefined;
    const wall = seconds(wallMs);
    if (wall < last - CHECKPOINT_TOLERANCE_SECONDS)
      return { kind: 'before_checkpoint', wall, expected: last };
    const running = Math.floor((steadyMs - this.#start.steadyMs) / 1_000);
    const latest = last + this.#options.maxDowntimeSeconds + running;
    return wall > latest ? { kind: 'ahead_of_checkpoint', wall, expected: latest } : undefined;
  }

  /** After as much even time as the step was long, no second comes twice. The last checkpoint has its say as at a start. */
  #isLivedThrough({ wall, expected }: ClockJump, now: Moment): boolean {
    const began = this.#doubt?.began;
    if (!began || departure(began, now) || this.#misfit(now)) return false;
    const probationMs = Math.max(Math.abs(wall - expected) * 1_000 + TOLERANCE_MS, LEAST_PROBATION_MS);
    return now.steadyMs - began.steadyMs >= probationMs;
  }

  #distrust(jump: ClockJump, now: Moment): void {
    this.#quickOffsetMs = Number.NaN;
    this.#believedSinceMs = Number.POSITIVE_INFINITY;
    const before = this.#doubt;
    const same = before?.jump.kind === jump.kind && departure(before.began, now) === undefined;
    if (!same) this.#doubt = { jump, began: now };
    if (!before) this.#listener.onJump(jump);
  }

  #trust(now: Moment): void {
    const { steadyMs, wallMs } = now;
    if (!Number.isFinite(this.#believedSinceMs)) this.#believedSinceMs = steadyMs;
    this.#quickOffsetMs = wallMs - this.#options.quickMs();
    if (!this.#anchor || steadyMs - this.#anchor.steadyMs >= ANCHOR_LASTS_MS) this.#anchor = now;
    const ended = this.#doubt;
    this.#doubt = undefined;
    if (ended) this.#listener.onSteady();
  }
}

function departure(from: Moment, { wallMs, steadyMs }: Moment): ClockJump | undefined {
  const expectedMs = from.wallMs + steadyMs - from.steadyMs;
  if (Math.abs(wallMs - expectedMs) <= TOLERANCE_MS) return undefined;
  return { kind: 'departed', wall: seconds(wallMs), expected: seconds(expectedMs) };
}

function refusal(jump: ClockJump): KeywardError {
  if (jump.kind !== 'ahead_of_checkpoint') {
    return new KeywardError('clock_jump', 'The clock of this machine cannot be trusted now.', {
      cause: jump,
      retryAfterSeconds: 5,
    });
  }
  return new KeywardError(
    'clock_ahead',
    'The clock of this machine is further ahead than the service may have been down; set it right, or two operators confirm it.',
    { cause: jump, retryAfterSeconds: 60 },
  );
}

function seconds(ms: number): number {
  return Math.floor(ms / 1_000);
}
