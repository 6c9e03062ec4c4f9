import { workerData } from 'node:worker_threads';
import type { ReadSettings } from '../open-ledger.ts';
import { serveQuestions } from '../serve-questions.ts';
import type { PostgresGround } from './open-session.ts';
import { ReadConnection } from './read-connection.ts';

const settings = workerData as ReadSettings & PostgresGround;
const connection = new ReadConnection(settings);

serveQuestions(settings, connection, (error) => connection.recover(error));
