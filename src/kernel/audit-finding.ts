/** What the verifier looks at. */
export type TrailPart =
  | 'audit'
  | 'runs'
  | 'checkpoints'
  | 'ledger'
  | 'revocations'
  | 'security_events'
  | 'reports'
  | 'registry'
  | 'database'
  | 'notifications'
  | 'file';

/**
 * `bad_row`: changed since it was written. `gap`: rows are missing before others. `truncated`: the end is
 * missing. `fork`: the chain holds, but it is not the one that a checkpoint saw.
 */
type Fault = 'bad_row' | 'gap' | 'truncated' | 'fork' | 'bad_signature' | 'unreadable' | 'refused';

export interface Finding {
  readonly part: TrailPart;
  readonly fault: Fault;
  /** Such as `event 17` or `group 3`. */
  readonly place: string;
  readonly detail: string;
}

/** Keeps the first of each kind in each part: what follows from it would bury it. */
export class Findings {
  readonly #found = new Map<string, Finding>();

  add(part: TrailPart, fault: Fault, place: string, detail: string): void {
    const kind = `${part} ${fault}`;
    if (!this.#found.has(kind)) this.#found.set(kind, { part, fault, place, detail });
  }

  all(): readonly Finding[] {
    return [...this.#found.values()];
  }
}
