import { spawnSync } from 'node:child_process';
import { ROOT } from './pages.ts';
import { PROMETHEUS_FOLDER } from './prometheus-rules.ts';

/** Of the machine, or as `./scripts/test` has fetched it. */
const FOUND = ['promtool', `${ROOT}node_modules/.cache/promtool/promtool`].find(
  (file) => spawnSync(file, ['--version']).error === undefined,
);

/** promtool, run where the rules are: its exit code, and all that it said. */
export function promtool(...argv: string[]): { code: number | null; said: string } {
  const { status, stdout, stderr } = spawnSync(FOUND ?? 'promtool', argv, {
    cwd: PROMETHEUS_FOLDER,
    encoding: 'utf8',
  });
  return { code: status, said: `${stdout}${stderr}` };
}

/** `./scripts/test` brings it where it can; elsewhere what needs it is skipped, and says so in this name. */
export const NO_PROMTOOL = FOUND === undefined;
export const PROMTOOL = NO_PROMTOOL ? 'promtool: not here (apt-get install prometheus)' : 'promtool';
