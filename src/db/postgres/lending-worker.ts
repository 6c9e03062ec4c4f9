import { workerData } from 'node:worker_threads';
import { serveCalls } from '../serve-calls.ts';
import type { LendingCalls, PostgresLending } from './lending-protocol.ts';
import { LentSession } from './lent-session.ts';

const session = new LentSession(workerData as PostgresLending);

serveCalls<LendingCalls>(
  {
    begin: () => session.begin().then(nothing),
    execute: ({ sql, parameters }) => session.execute(sql, parameters),
    commit: () => session.commit().then(() => ({ isReplicated: true, fence: null })),
    rollback: () => session.rollback().then(nothing),
    facts: () => session.facts(),
    foreign: async () => (await session.foreign()) ?? null,
    close: () => session.close().then(nothing),
  },
  (error) => session.recover(error),
);

function nothing(): null {
  return null;
}
