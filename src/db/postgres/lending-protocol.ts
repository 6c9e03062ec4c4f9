import type { SessionCalls } from '../thread-session.ts';
import type { PostgresThread } from './open-session.ts';
import type { OwnSchema } from './own-schema.ts';
import type { ServerFacts } from './requirements.ts';

export interface PostgresLending extends PostgresThread {
  /** How its transactions begin. */
  readonly begin: 'write' | 'read';
  /** Without it nothing is compared. */
  readonly own?: OwnSchema | undefined;
}

/** Calls to a thread that lends a connection to the event loop. */
export interface LendingCalls extends SessionCalls {
  /** What of the schema somebody else changed. */
  foreign: { asks: null; answers: string | null };
  /** What the server promises. */
  facts: { asks: null; answers: ServerFacts };
  close: { asks: null; answers: null };
}
