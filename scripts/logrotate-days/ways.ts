import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

const SHIPPED = readFileSync(new URL('../../deploy/logrotate/keyward', import.meta.url), 'utf8');
const SINK = '/var/lib/keyward/audit.jsonl';
/** Between the end of the copy and the truncation. */
const WINDOW_MICROSECONDS = 300_000;

export const WAYS = ['create', 'copytruncate'] as const;
export type Way = (typeof WAYS)[number];

/** logrotate on the shipped configuration, with its own file and user. */
export interface Logrotate {
  /** A day passes; `isHeld` keeps the moment open in which copytruncate loses what is written. */
  day(isHeld: boolean): Promise<void>;
}

export function logrotateOf(way: Way, file: string, folder: string): Logrotate {
  const [configuration, state] = [join(folder, `logrotate-${way}`), join(folder, `logrotate-${way}.state`)];
  writeFileSync(configuration, configured(way, file), { mode: 0o600 });
  return {
    async day(isHeld) {
      const argv = ['logrotate', '--force', '--state', state, configuration];
      const hold = ['strace', '-qq', '-o', '/dev/null', '-f', '-e', 'trace=ftruncate'];
      const delay = ['-e', `inject=ftruncate:delay_enter=${WINDOW_MICROSECONDS}`];
      const [program = '', ...rest] = isHeld ? [...hold, ...delay, ...argv] : argv;
      const child = spawn(program, rest, { stdio: ['ignore', 'ignore', 'pipe'] });
      const said = text(child.stderr);
      const [code] = await once(child, 'close');
      if (code !== 0) throw new Error(`logrotate ended with ${code}: ${await said}`);
    },
  };
}

/** strace holds the moment open. */
export const canHold = () => spawnSync('strace', ['-V']).status === 0;

function configured(way: Way, file: string): string {
  const [user, group] = ['-un', '-gn'].map((of) => execFileSync('id', [of], { encoding: 'utf8' }).trim());
  const own = SHIPPED.replace(SINK, file).replaceAll('keyward keyward', `${user} ${group}`);
  if (!own.includes(file) || !own.includes(`create 0600 ${user}`))
    throw new Error('the shipped file reads otherwise');
  return way === 'create' ? own : own.replace(/^ *create .*$/m, '    copytruncate');
}
