import type { Admission, CallerClass } from './caller-budget.ts';
import type { Plane } from './plane.ts';

/** One request and its answer, as the log line and the metrics will tell of it. */
export class Exchange {
  readonly plane: Plane;
  /** Names and values in turn, that go with whatever is answered. */
  headers: readonly string[];
  readonly requestId: string;
  readonly startedAt: number;
  /** The path as documented; never the path as asked. */
  route = 'none';
  /** Client or operator, once authenticated. */
  caller: string | undefined;
  /** Errors are told as OAuth has them (RFC 6749 §5.2), not as problem documents. */
  oauth = false;
  /** Of an OAuth request that shows its client in the body: read before anybody knew whose it is. */
  form: ReadonlyMap<string, string> | undefined;
  /** What the answer told as a problem. */
  error: unknown;
  #admission: Admission | undefined;

  constructor(plane: Plane, requestId: string, startedAt: number) {
    this.plane = plane;
    this.headers = plane.headers;
    this.requestId = requestId;
    this.startedAt = startedAt;
  }

  /** The place it has among the requests in flight. Nothing of a body is read without one. */
  get admission(): Admission | undefined {
    return this.#admission;
  }

  /** Takes a place among those of the class, for the one it may have had: `overloaded`. */
  enter(callers: CallerClass, holder: string): void {
    this.leave();
    this.#admission = this.plane.budgets[callers].enter(holder);
  }

  leave(): void {
    this.#admission?.budget.leave(this.#admission.holder);
    this.#admission = undefined;
  }
}
