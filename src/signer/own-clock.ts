import { demand, refuse } from './guard.ts';

export interface ClockSources {
  /** Wall time, milliseconds since the epoch. */
  readonly wallMs: () => number;
  /** Monotonic milliseconds. */
  readonly steadyMs: () => number;
}

const SYSTEM: ClockSources = { wallMs: () => Date.now(), steadyMs: () => performance.now() };

/**
 * The signer's own clock. What is dated further from it than the skew is refused, whatever the front's clock says.
 * A wall clock that departs from the monotonic one by more than the skew is believed again only after a restart.
 */
export class OwnClock {
  readonly #skewMs: number;
  readonly #sources: ClockSources;
  readonly #startMs: number;

  constructor(skewSeconds: number, sources: ClockSources = SYSTEM) {
    this.#skewMs = skewSeconds * 1_000;
    this.#sources = sources;
    this.#startMs = sources.wallMs() - sources.steadyMs();
  }

  /** `binding_refused`, naming the member, unless it is about now. Seconds since the epoch. */
  requireNear(time: unknown, member: string): void {
    if (!Number.isSafeInteger(time)) refuse(`${member} is not a whole number of seconds`);
    const { wallMs, steadyMs } = this.#sources;
    const wall = wallMs();
    demand(
      Math.abs(wall - steadyMs() - this.#startMs) <= this.#skewMs,
      'the clock of the signer jumped; it signs nothing dated until it is right again or the signer is restarted',
    );
    demand(
      Math.abs(Number(time) * 1_000 - wall) <= this.#skewMs,
      `${member} is too far from the clock of the signer`,
    );
  }
}
