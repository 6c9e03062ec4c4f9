import { workerData } from 'node:worker_threads';
import { TrustedRuns } from '../kernel/runs.ts';
import { ReadConnection } from './read-connection.ts';
import { serveCalls } from './serve-calls.ts';
import { Statements } from './statements.ts';
import { giveWay, walkGroups, walkRevocations } from './walk-chains.ts';
import type { WalkCalls, WalkSettings } from './walk-protocol.ts';

giveWay();

const { file, identity, runs, statements } = workerData as WalkSettings;
const connection = new ReadConnection(file, identity);
const prepared = new Statements(statements);
const trusted = new TrustedRuns(runs);

serveCalls<WalkCalls>(
  {
    groups: (asks) => connection.read((db) => walkGroups(prepared.of(db), trusted, asks)),
    revocations: (asks) => connection.read((db) => walkRevocations(prepared.of(db), asks)),
    close: () => void connection.close(),
  },
  (error) => connection.recover(error),
);
