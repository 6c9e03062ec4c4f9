import { workerData } from 'node:worker_threads';
import type { ReadSettings } from '../open-ledger.ts';
import { serveQuestions } from '../serve-questions.ts';
import { type PostgresReading, ReadConnection } from './read-connection.ts';

const settings = workerData as ReadSettings & PostgresReading;
const connection = new ReadConnection(settings);

serveQuestions(settings, connection, (error) => connection.recover(error));
