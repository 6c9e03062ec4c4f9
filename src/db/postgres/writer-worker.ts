import { workerData } from 'node:worker_threads';
import { serveCalls } from '../serve-calls.ts';
import type { WriterCalls } from '../writer-protocol.ts';
import { type PostgresWriting, WriteConnection } from './write-connection.ts';

const connection = new WriteConnection(workerData as PostgresWriting);

serveCalls<WriterCalls>(
  {
    append: (asks) => connection.append(asks),
    judged: ({ id, run }) => connection.judged(id, run),
    begin: () => connection.begin().then(nothing),
    execute: ({ sql, parameters }) => connection.execute(sql, parameters),
    commit: (asks) => connection.commit(asks),
    rollback: () => connection.rollback().then(nothing),
    durability: () => connection.durability(),
    close: () => connection.close().then(nothing),
  },
  (error) => connection.recover(error),
);

function nothing(): null {
  return null;
}
