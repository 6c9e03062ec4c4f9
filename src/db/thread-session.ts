import type { CallThread } from './call-thread.ts';
import type { Executed, Session } from './session-dialect.ts';

/** Calls by which a thread lends its connection. */
export interface SessionCalls {
  begin: { asks: null; answers: null };
  execute: {
    asks: { readonly sql: string; readonly parameters: readonly unknown[] };
    answers: Executed;
  };
  commit: { asks: null; answers: null };
  rollback: { asks: null; answers: null };
}

/** Bound to one thread: a transaction never goes on in the thread that replaced its own. */
export function threadSession(thread: CallThread<SessionCalls>): Session {
  return {
    begin: async () => void (await thread.call('begin', null)),
    commit: async () => void (await thread.call('commit', null)),
    // A lost thread took the transaction with it.
    rollback: async () => void (thread.lost ?? (await thread.call('rollback', null))),
    execute: (sql, parameters) => thread.call('execute', { sql, parameters }),
  };
}
