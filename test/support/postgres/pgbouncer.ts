import { spawn, spawnSync } from 'node:child_process';
import { chownSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { folderOfTest } from '../folder-of-test.ts';
import { NO_POSTGRES, OWNER } from './programs.ts';
import type { PostgresServer } from './server.ts';

export const NO_PGBOUNCER = NO_POSTGRES || spawnSync('pgbouncer', ['--version']).error !== undefined;
export const PGBOUNCER = NO_PGBOUNCER ? 'PgBouncer: not here (apt-get install pgbouncer)' : 'PgBouncer';

/** Lends three connections to that server, each for a transaction. Answers a connection string. */
export async function pgbouncerOfTest(server: PostgresServer): Promise<string> {
  const folder = folderOfTest();
  if (OWNER) chownSync(folder, OWNER.uid, OWNER.gid);
  const lines = [
    '[databases]',
    `* = host=${server.folder} port=${server.port}`,
    '[pgbouncer]',
    'listen_addr =',
    `unix_socket_dir = ${folder}`,
    'listen_port = 6432',
    'auth_type = trust',
    `auth_file = ${folder}/users`,
    'pool_mode = transaction',
    'default_pool_size = 3',
  ];
  writeFileSync(join(folder, 'pgbouncer.ini'), `${lines.join('\n')}\n`);
  writeFileSync(join(folder, 'users'), '"keyward" ""\n');
  const bouncer = spawn('pgbouncer', ['-q', join(folder, 'pgbouncer.ini')], { ...OWNER, stdio: 'ignore' });
  const ended = new Promise((resolve) => bouncer.once('exit', resolve));
  onTestFinished(async () => {
    bouncer.kill('SIGKILL');
    await ended;
  });
  while (!existsSync(join(folder, '.s.PGSQL.6432'))) await sleep(20);
  return server
    .url()
    .replace(encodeURIComponent(server.folder), encodeURIComponent(folder))
    .replace('5432', '6432');
}
