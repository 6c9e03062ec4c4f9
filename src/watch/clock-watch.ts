import type { TimeGuard } from '../domain/clock.ts';
import { KeywardError } from '../domain/errors.ts';

/** What was found wrong, for the event `clock.jump`. */
export interface ClockJump {
  readonly kind: 'departed' | 'before_checkpoint';
  /** Wall time as it is, and as it should be at least, in seconds since the epoch. */
  readonly wall: number;
  readonly expected: number;
}

export interface ClockWatchOptions {
  /** Milliseconds since the epoch. */
  readonly wallMs: () => number;
  /** Milliseconds since some moment of the past; counts on through changes of the wall clock, and through sleep. */
  readonly steadyMs: () => number;
  /** The same but for sleep, and cheap: asked for each token. */
  readonly quickMs: () => number;
  /** Seconds since the epoch. */
  readonly lastCheckpointTime: number | undefined;
  readonly onJump: (jump: ClockJump) => void;
  readonly onSteady: () => void;
}

/** Beyond what slewing does in an hour (500 ppm is 1.8 s), below what an attacker could use. */
const TOLERANCE_MS = 5_000;
/** Beyond it the slower clock is asked; small, since each examination starts it anew. */
const QUICK_TOLERANCE_MS = 1_000;
/** Slewing adds up: every hour the comparison begins anew. */
const ANCHOR_LASTS_MS = 3_600_000;
/** Clocks of two machines may differ so much when a service moves. */
const CHECKPOINT_TOLERANCE_SECONDS = 5;

/**
 * Holds wall time against monotonic time (I13). Time that jumped is believed again once it is back where it
 * should be, or after a restart, when somebody has looked; time before the last checkpoint, once it has passed it.
 */
export class ClockWatch implements TimeGuard {
  readonly #options: ClockWatchOptions;
  #anchor: { readonly wallMs: number; readonly steadyMs: number };
  /** Wall time less quick time when all was found well. */
  #quickOffsetMs = Number.NaN;
  #jump: ClockJump | undefined;

  constructor(options: ClockWatchOptions) {
    this.#options = options;
    this.#anchor = this.#now();
    this.examine();
  }

  requireSteadyTime(): void {
    const driftMs = this.#options.wallMs() - this.#options.quickMs() - this.#quickOffsetMs;
    if (Math.abs(driftMs) <= QUICK_TOLERANCE_MS || this.examine() === undefined) return;
    throw new KeywardError('clock_jump', 'The clock of this machine cannot be trusted now.', {
      cause: this.#jump,
      retryAfterSeconds: 5,
    });
  }

  /** What is wrong now; tells of its beginning and its end. */
  examine(): ClockJump | undefined {
    const now = this.#now();
    const found = this.#departure(now) ?? this.#lateness(now);
    if (found && !this.#jump) this.#options.onJump(found);
    if (!found && this.#jump) this.#options.onSteady();
    this.#jump = found;
    this.#quickOffsetMs = found ? Number.NaN : now.wallMs - this.#options.quickMs();
    if (!found && now.steadyMs - this.#anchor.steadyMs >= ANCHOR_LASTS_MS) this.#anchor = now;
    return found;
  }

  #now() {
    return { wallMs: this.#options.wallMs(), steadyMs: this.#options.steadyMs() };
  }

  #departure({ wallMs, steadyMs }: { wallMs: number; steadyMs: number }): ClockJump | undefined {
    const expectedMs = this.#anchor.wallMs + steadyMs - this.#anchor.steadyMs;
    if (Math.abs(wallMs - expectedMs) <= TOLERANCE_MS) return undefined;
    return { kind: 'departed', wall: seconds(wallMs), expected: seconds(expectedMs) };
  }

  #lateness({ wallMs }: { wallMs: number }): ClockJump | undefined {
    const { lastCheckpointTime: expected } = this.#options;
    const wall = seconds(wallMs);
    if (expected === undefined || wall >= expected - CHECKPOINT_TOLERANCE_SECONDS) return undefined;
    return { kind: 'before_checkpoint', wall, expected };
  }
}

function seconds(ms: number): number {
  return Math.floor(ms / 1_000);
}
