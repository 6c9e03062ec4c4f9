import { spawnSync } from 'node:child_process';
import { PROMETHEUS_FOLDER } from './prometheus-rules.ts';

/** promtool, run where the rules are: its exit code, and all that it said. */
export function promtool(...argv: string[]): { code: number | null; said: string } {
  const { status, stdout, stderr } = spawnSync('promtool', argv, {
    cwd: PROMETHEUS_FOLDER,
    encoding: 'utf8',
  });
  return { code: status, said: `${stdout}${stderr}` };
}

/** `./scripts/test` brings it where it can; elsewhere what needs it is skipped, and says so in this name. */
export const NO_PROMTOOL = spawnSync('promtool', ['--version']).error !== undefined;
export const PROMTOOL = NO_PROMTOOL ? 'promtool: not here (apt-get install prometheus)' : 'promtool';
