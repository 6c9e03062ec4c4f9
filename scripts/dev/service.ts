import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { ReadinessCheck } from '../../src/kernel/capability.ts';
import { NODE_FLAGS } from '../../src/lib/node-flags.ts';
import type { Places } from './places.ts';
import { Stop, say } from './say.ts';

const COMMAND_LINE = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const READY_WITHIN_MS = 60_000;
/** Before anything is said about the wait. */
const PATIENCE_MS = 5_000;
const POLL_MS = 100;
/** Longer than the service's own limit for draining. */
const STOP_WITHIN_MS = 630_000;

export interface Service {
  /** Settles when the process is gone, with its exit code. */
  readonly gone: Promise<number | null>;
  /** Settles once it signs, records and reads; a `Stop` when it ends first or takes too long. */
  ready(dataUrl: string): Promise<void>;
  /** Drains and ends it. */
  stop(): Promise<number | null>;
}

/** In a process group of its own, so that Ctrl-C reaches this script alone, which then ends it in order. */
export function startService(places: Places): Service {
  const log = openSync(places.log, 'w', 0o600);
  const argv = [...NODE_FLAGS, COMMAND_LINE, 'serve', '--config', places.config];
  const child = spawn(process.execPath, argv, { detached: true, stdio: ['ignore', log, log] });
  closeSync(log);
  const gone = once(child, 'exit').then(([code]) => code as number | null);
  return {
    gone,
    ready: (dataUrl) => Promise.race([untilReady(dataUrl), gone.then(() => endedEarly(places))]),
    stop: () => stop(child, gone),
  };
}

async function untilReady(dataUrl: string): Promise<void> {
  const startedAt = performance.now();
  let told = '';
  while (performance.now() - startedAt < READY_WITHIN_MS) {
    const problem = await notReady(dataUrl);
    if (problem === undefined) return;
    if (problem !== told && performance.now() - startedAt > PATIENCE_MS) {
      say(`not ready yet: ${problem}`);
      told = problem;
    }
    await pause(POLL_MS);
  }
  throw new Stop(`the service is not ready after ${READY_WITHIN_MS / 1000} s; see ./scripts/keyward doctor`);
}

/** What the service says is away; undefined when nothing is. */
async function notReady(dataUrl: string): Promise<string | undefined> {
  const response = await fetch(`${dataUrl}/readyz`).catch(() => undefined);
  if (!response) return 'it does not answer';
  if (response.ok) return undefined;
  const { checks = [] } = (await response.json().catch(() => ({}))) as { checks?: ReadinessCheck[] };
  const away = checks.filter(({ ok }) => !ok).map(({ detail }) => detail);
  return away.join('; ') || `it answers ${response.status}`;
}

function endedEarly(places: Places): never {
  const lines = readFileSync(places.log, 'utf8').trim().split('\n').slice(-5);
  throw new Stop(`the service ended; the last lines of ${places.log}:\n${lines.join('\n')}`);
}

async function stop(child: ChildProcess, gone: Promise<number | null>): Promise<number | null> {
  const killing = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
  child.kill('SIGTERM');
  const code = await gone;
  clearTimeout(killing);
  return code;
}
