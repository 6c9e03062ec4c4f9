import { workerData } from 'node:worker_threads';
import type { ArchiveSettings } from '../archive-protocol.ts';
import { serveArchiving } from '../serve-archiving.ts';
import type { PostgresGround } from './open-session.ts';
import { ReadConnection } from './read-connection.ts';

const settings = workerData as ArchiveSettings & PostgresGround;
const connection = new ReadConnection(settings);

serveArchiving(settings, connection, (error) => connection.recover(error));
