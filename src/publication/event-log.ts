import { randomBytes } from 'node:crypto';
import type { EventMessage, ScopeEvent } from '../kernel/publication.ts';

interface Logged {
  readonly sequence: number;
  /** Null for every scope. */
  readonly scopeId: string | null;
  readonly event: ScopeEvent;
}

const KEPT = 4_096;
/** What is missed may be told at once; past that, all that holds now is no more. */
const MOST_MISSED = 256;
const ID = /^([A-Za-z0-9_-]{11})\.(\d{1,15})$/;

/** The last events, so that a verifier that was away for a moment hears what it missed. */
export class EventLog {
  /** Ids of another process mean nothing here. */
  readonly #life = randomBytes(8).toString('base64url');
  #events: Logged[] = [];
  #last = 0;

  get lastId(): string {
    return `${this.#life}.${this.#last}`;
  }

  append(scopeId: string | null, event: ScopeEvent): EventMessage {
    this.#last += 1;
    this.#events.push({ sequence: this.#last, scopeId, event });
    if (this.#events.length > 2 * KEPT) this.#events = this.#events.slice(-KEPT);
    return { id: this.lastId, event };
  }

  /** Undefined where there is a gap, or too much to tell one by one. */
  missedSince(id: string, scopeId: string): readonly EventMessage[] | undefined {
    const [, life, number] = ID.exec(id) ?? [];
    const seen = Number(number);
    const oldest = this.#events[0]?.sequence ?? this.#last + 1;
    if (life !== this.#life || seen > this.#last || seen < oldest - 1) return undefined;
    const missed = this.#events.filter(
      (logged) => logged.sequence > seen && (logged.scopeId === null || logged.scopeId === scopeId),
    );
    if (missed.length > MOST_MISSED) return undefined;
    return missed.map(({ sequence, event }) => ({ id: `${this.#life}.${sequence}`, event }));
  }
}
