import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** What the figures depend on; of the load that was there before the run. */
export function describeMachine(bao: string | undefined, load: number): Readonly<Record<string, string>> {
  return {
    date: new Date().toISOString().slice(0, 10),
    machine: describeCores(),
    'other load': `load average ${load.toFixed(1)} at the start`,
    Keyward: commit(),
    Node: process.versions.node,
    SoftHSM: said('softhsm2-util', '--version'),
    Express: versionOf('express'),
    jose: versionOf('jose'),
    wrk: /^wrk (\S+)/.exec(said('wrk', '--version'))?.[1] ?? 'unknown',
    OpenBao: bao ?? 'not there, skipped',
  };
}

export function describeCores(): string {
  return `${cpus().length} cores, ${cpus()[0]?.model.trim() ?? 'unknown'}`;
}

/** The load average of the last minute; says what follows where others use half of the machine. */
export function loadOfOthers(say: (warning: string) => void): number {
  const [load = 0] = loadavg();
  if (load > cpus().length / 2) {
    say(`other programs are busy (load average ${load.toFixed(1)}): go by the ratios of CPU time`);
  }
  return load;
}

function commit(): string {
  try {
    const git = (...argv: string[]) => execFileSync('git', argv, { cwd: ROOT, encoding: 'utf8' }).trim();
    const changed = git('status', '--porcelain', '--untracked-files=no', 'src') === '' ? '' : ' with changes';
    return git('rev-parse', '--short', 'HEAD') + changed;
  } catch {
    return 'unknown';
  }
}

/** wrk ends with 1 after telling its version. */
function said(program: string, option: string): string {
  const { stdout } = spawnSync(program, [option], { encoding: 'utf8' });
  return stdout?.trim() || 'unknown';
}

function versionOf(dependency: string): string {
  return JSON.parse(readFileSync(`${ROOT}/node_modules/${dependency}/package.json`, 'utf8')).version;
}
