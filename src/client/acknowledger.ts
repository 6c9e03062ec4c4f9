import { messageOf, type ReportProblem } from './errors.ts';
import type { Service } from './service.ts';
import { backoffMs, pause, type Surroundings } from './time.ts';

interface AcknowledgerDeps {
  readonly service: Service;
  readonly scope: string;
  readonly instance: string;
  readonly surroundings: Surroundings;
  readonly reportProblem: ReportProblem;
}

const BACKOFF = { firstMs: 500, maxMs: 30_000 };

/** Tells the service which version of the key set is held: the newest, once it is heard. */
export class Acknowledger {
  readonly #deps: AcknowledgerDeps;
  readonly #closing = new AbortController();
  #wanted = 0;
  #told = 0;
  #busy = false;

  constructor(deps: AcknowledgerDeps) {
    this.#deps = deps;
  }

  holds(version: number): void {
    this.#wanted = version;
    if (!this.#busy) void this.#acknowledge();
  }

  /** Whoever follows the events anew may be unknown to the service. */
  repeat(): void {
    this.#told = 0;
    if (this.#wanted > 0) this.holds(this.#wanted);
  }

  close(): void {
    this.#closing.abort();
  }

  async #acknowledge(): Promise<void> {
    const { service, scope, instance, surroundings, reportProblem } = this.#deps;
    this.#busy = true;
    for (let failures = 0; this.#told !== this.#wanted && !this.#closing.signal.aborted; ) {
      const version = this.#wanted;
      try {
        await service.call({
          method: 'POST',
          path: `v1/scopes/${scope}/acks`,
          body: { version, instance },
          accept: ['application/json'],
          maxBytes: 4_096,
          deadlineMs: 5_000,
          signal: this.#closing.signal,
        });
        this.#told = version;
        failures = 0;
      } catch (error) {
        if (this.#closing.signal.aborted) break;
        reportProblem({ code: 'acknowledgement_failed', message: messageOf(error), cause: error });
        await pause(backoffMs(failures, BACKOFF, surroundings.random()), this.#closing.signal);
        failures += 1;
      }
    }
    this.#busy = false;
  }
}
