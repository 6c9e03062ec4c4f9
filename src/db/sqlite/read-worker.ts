import { workerData } from 'node:worker_threads';
import type { ReadSettings } from '../open-ledger.ts';
import { serveQuestions } from '../serve-questions.ts';
import { type DatabaseFile, ReadConnection } from './read-connection.ts';

const settings = workerData as ReadSettings & DatabaseFile;
const connection = new ReadConnection(settings, settings.cacheKib);

serveQuestions(settings, connection, (error) => connection.recover(error));
