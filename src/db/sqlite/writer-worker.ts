import { workerData } from 'node:worker_threads';
import { serveCalls } from '../serve-calls.ts';
import type { WriterCalls } from '../writer-protocol.ts';
import { type SqliteWriting, WriteConnection } from './write-connection.ts';

const connection = new WriteConnection(workerData as SqliteWriting);

serveCalls<WriterCalls>(
  {
    append: (asks) => connection.append(asks),
    // Nobody else writes to a file.
    judged: () => null,
    begin: () => void connection.begin(),
    execute: ({ sql, parameters }) => connection.execute(sql, parameters),
    commit: () => {
      connection.commit();
      return { isReplicated: true, fence: null };
    },
    rollback: () => void connection.rollback(),
    durability: () => connection.durability(),
    close: () => void connection.close(),
  },
  (error) => connection.recover(error),
);
