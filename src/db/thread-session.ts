import type { CallThread } from './call-thread.ts';
import type { Executed, Session } from './session-dialect.ts';

/** Of a transaction that waits for no standby. */
export interface UrgentCommit {
  /** Whether as many standbys as configured have it, where an engine has any. */
  isReplicated: boolean;
}

/** Calls by which a thread lends its connection; `commit` answers whether it `isReplicated`. */
export interface SessionCalls {
  begin: { asks: null; answers: null };
  execute: {
    asks: { readonly sql: string; readonly parameters: readonly unknown[] };
    answers: Executed;
  };
  commit: { asks: { readonly urgent: boolean }; answers: boolean };
  rollback: { asks: null; answers: null };
}

/** Bound to one thread: a transaction never goes on in the thread that replaced its own. */
export function threadSession(thread: CallThread<SessionCalls>, urgent?: UrgentCommit): Session {
  return {
    begin: async () => void (await thread.call('begin', null)),
    async commit() {
      const isReplicated = await thread.call('commit', { urgent: urgent !== undefined });
      if (urgent) urgent.isReplicated = isReplicated;
    },
    // A lost thread took the transaction with it.
    rollback: async () => void (thread.lost ?? (await thread.call('rollback', null))),
    execute: (sql, parameters) => thread.call('execute', { sql, parameters }),
  };
}
