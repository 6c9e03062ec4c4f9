import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { CRASHED_FRONT } from '../../test/support/service-program.ts';
import type { Bench } from './bench.ts';

/** pino's levels. */
export const LEVEL = { error: 50, fatal: 60 };
/** A front that is not ready after so long is not going to be. */
const PATIENCE_MS = 60_000;

export type LogLine = Readonly<Record<string, unknown>>;

export interface Addresses {
  readonly data: string;
  readonly operations: string;
}

export interface End {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A front of the bench, loaded and waiting until `begin`. */
export class Front {
  readonly #child: ChildProcess;
  readonly #log: LogLine[] = [];
  readonly #waiters = new Set<() => void>();
  readonly #gone: Promise<End>;
  #exited = false;
  #stderr = '';

  constructor({ configFile, codeCache }: Bench, environment: Readonly<Record<string, string>>) {
    this.#child = fork(CRASHED_FRONT, [configFile], {
      execArgv: ['--disable-sigusr1'],
      env: { ...process.env, ...environment, NODE_COMPILE_CACHE: codeCache },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    const { stdout, stderr } = this.#child;
    if (!stdout || !stderr) throw new Error('the front has no output');
    createInterface({ input: stdout }).on('line', (line) => this.#take(line));
    stderr.on('data', (chunk: Buffer) => {
      this.#stderr += chunk;
    });
    this.#gone = once(this.#child, 'close').then(([code, signal]) => {
      this.#exited = true;
      this.#notifyWaiters();
      return { code, signal };
    });
  }

  begin(): void {
    this.#child.send('begin', () => {});
  }

  /** Undefined where it ended before, or had to be ended. */
  async listening(): Promise<Addresses | undefined> {
    const data = await this.logged(({ msg }) => msg === 'data plane listens');
    const operations = await this.logged(({ msg }) => msg === 'operations plane listens');
    return data && operations && { data: urlOf(data), operations: urlOf(operations) };
  }

  /** The first line, past or to come, that fits; a front that never says it is ended, for undefined. */
  async logged(fits: (line: LogLine) => boolean): Promise<LogLine | undefined> {
    const { promise, resolve } = Promise.withResolvers<LogLine | undefined>();
    const check = () => {
      const line = this.#log.find(fits);
      if (line || this.#exited) resolve(line);
    };
    const patience = setTimeout(() => this.kill(), PATIENCE_MS);
    this.#waiters.add(check);
    check();
    const line = await promise;
    this.#waiters.delete(check);
    clearTimeout(patience);
    return line;
  }

  signerPids(): number[] {
    return this.#log.filter(({ msg }) => msg === 'signer ready').map(({ pid }) => pid as number);
  }

  /** What it had to say that should never be said. */
  complaints(least: number): string[] {
    const lines = this.#log.filter(({ level }) => Number(level) >= least).map((line) => JSON.stringify(line));
    return this.#stderr === '' ? lines : [...lines, this.#stderr.trim()];
  }

  kill(signal: NodeJS.Signals = 'SIGKILL'): void {
    this.#child.kill(signal);
  }

  /** Settles once none of its threads can write any more. */
  gone(): Promise<End> {
    return this.#gone;
  }

  /** The last line may be cut short by the kill. */
  #take(line: string): void {
    if (!line.endsWith('}')) return;
    this.#log.push(JSON.parse(line));
    this.#notifyWaiters();
  }

  #notifyWaiters(): void {
    for (const check of this.#waiters) check();
  }
}

function urlOf({ port }: LogLine): string {
  return `http://127.0.0.1:${port}`;
}
