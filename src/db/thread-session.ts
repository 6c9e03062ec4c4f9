import type { CallThread } from './call-thread.ts';
import type { Executed, Session } from './session-dialect.ts';

/** How a transaction is to be committed. */
export interface CommitAsks {
  /** Without waiting for a standby. */
  readonly urgent: boolean;
  /** With the fence raised, where an engine has one. */
  readonly raisesFence: boolean;
}

export interface Committed {
  /** Whether as many standbys as configured have it, where an engine has any: of an urgent commit they may not. */
  readonly isReplicated: boolean;
  /** As it was raised; null where it was not. */
  readonly fence: RaisedFence | null;
}

export interface RaisedFence {
  readonly former: number;
  readonly number: number;
}

/** One transaction of the writer. */
export interface CommitCourse {
  /** Asked as it commits. */
  how(): CommitAsks;
  done(committed: Committed): void;
}

const PLAIN: CommitAsks = { urgent: false, raisesFence: false };

/** Calls by which a thread lends its connection. */
export interface SessionCalls {
  begin: { asks: null; answers: null };
  execute: {
    asks: { readonly sql: string; readonly parameters: readonly unknown[] };
    answers: Executed;
  };
  commit: { asks: CommitAsks; answers: Committed };
  rollback: { asks: null; answers: null };
}

/** Bound to one thread: a transaction never goes on in the thread that replaced its own. */
export function threadSession(thread: CallThread<SessionCalls>, course?: CommitCourse): Session {
  return {
    begin: async () => void (await thread.call('begin', null)),
    async commit() {
      const committed = await thread.call('commit', course?.how() ?? PLAIN);
      course?.done(committed);
    },
    // A lost thread took the transaction with it.
    rollback: async () => void (thread.lost ?? (await thread.call('rollback', null))),
    execute: (sql, parameters) => thread.call('execute', { sql, parameters }),
  };
}
