import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { PostgresServer } from './server.ts';

const KEEPER = fileURLToPath(new URL('shared-server-keeper.ts', import.meta.url));

/** What the keeper leaves for those who wait. */
export interface Kept {
  readonly folder?: string;
  readonly failed?: string;
}

let known: Promise<PostgresServer> | undefined;

/**
 * The one server of this run of tests. The first test that asks starts it, in a process that ends it when vitest has
 * ended: those who ask are forks of vitest, and each ends before.
 */
export function sharedServer(): Promise<PostgresServer> {
  known ??= findServer();
  return known;
}

async function findServer(): Promise<PostgresServer> {
  const meeting = join(tmpdir(), `keyward-postgres-of-${process.ppid}`);
  if (isFirst(meeting)) {
    const { PATH, TMPDIR } = process.env;
    const env = { PATH, ...(TMPDIR === undefined ? {} : { TMPDIR }) };
    const asked = [KEEPER, meeting, String(process.ppid)];
    spawn(process.execPath, asked, { detached: true, stdio: 'ignore', env }).unref();
  }
  const answer = join(meeting, 'kept.json');
  while (!existsSync(answer)) await sleep(50);
  const { folder, failed }: Kept = JSON.parse(readFileSync(answer, 'utf8'));
  if (folder === undefined) throw new Error(`no PostgreSQL for tests: ${failed}`);
  return new PostgresServer(folder, 5432);
}

function isFirst(meeting: string): boolean {
  try {
    mkdirSync(meeting);
    return true;
  } catch {
    return false;
  }
}
