import { onTestFinished } from 'vitest';
import { addSyncStandby } from './in-sync.ts';
import { addStandby, type PostgresServer, type ServerOptions, startPrimary, until } from './server.ts';

const STANDBY = 'second';

/** Those of the running test, removed after it. */
export async function primaryOfTest(options?: ServerOptions): Promise<PostgresServer> {
  return ofTest(await startPrimary(options));
}

export async function standbyOfTest(primary: PostgresServer, name: string): Promise<PostgresServer> {
  return ofTest(await addStandby(primary, name));
}

export interface Replicated {
  readonly primary: PostgresServer;
  readonly standby: PostgresServer;
}

/** A primary whose commits wait for its standby. */
export async function replicatedOfTest(): Promise<Replicated> {
  const primary = await primaryOfTest();
  return { primary, standby: ofTest(await addSyncStandby(primary, STANDBY)) };
}

/** Until a commit of that backend waits for a standby. */
export async function untilWaiting(primary: PostgresServer, backend: number): Promise<void> {
  await until(async () => {
    const waiting = `select from pg_stat_activity where pid = ${backend} and wait_event = 'SyncRep'`;
    return (await primary.query(waiting)).length > 0;
  });
}

function ofTest(server: PostgresServer): PostgresServer {
  onTestFinished(() => server.remove());
  return server;
}
