import { type ChildProcess, fork } from 'node:child_process';
import type { Failure, LogLine, Operation, Operations, Reply } from '../protocol.ts';
import { eachLine, isLogLine, isReply, WELL_FORMED } from './messages.ts';
import { type Deadlines, deadlineOf } from './options.ts';
import { type Timers, within } from './timers.ts';

/** What became of a call. `gone`: the process ended, or was killed, before it answered; and why. */
export type Answer<K extends Operation> =
  | { readonly gives: Operations[K]['gives'] }
  | { readonly failure: Failure }
  | { readonly gone: string };

interface ChildOptions {
  readonly processFile: URL;
  /** The process's arguments. */
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly sessions: number;
  readonly deadlines: Deadlines;
  readonly timers: Timers;
  readonly onLog: (line: LogLine) => void;
}

interface PendingCall {
  readonly op: Operation;
  readonly takes: unknown;
  readonly deadlineMs: number;
  readonly settle: (answer: Answer<Operation>) => void;
  cancel: () => void;
}

/** While one of these is under way, a signature that is late says nothing about the health of the process. */
const OCCUPYING: ReadonlySet<Operation> = new Set(['serve', 'prove', 'inventory']);

const EXIT_FOLLOWS_MS = 500;

/** One process of the signer: it is asked, it is timed, and when it is late it is killed. */
export class Child {
  /** Settles with the reason once the process can no longer be used. */
  readonly gone: Promise<string>;
  readonly #process: ChildProcess;
  readonly #deadlines: Deadlines;
  readonly #timers: Timers;
  readonly #onLog: (line: LogLine) => void;
  readonly #calls = new Map<number, PendingCall>();
  readonly #exited: Promise<void>;
  #why: string | undefined;
  #tellGone: (why: string) => void = () => {};
  #tellDrained: () => void = () => {};
  #lastId = 0;
  #ending = false;
  #ended: Promise<void> | undefined;

  constructor({ processFile, argv, environment, sessions, deadlines, timers, onLog }: ChildOptions) {
    this.#deadlines = deadlines;
    this.#timers = timers;
    this.#onLog = onLog;
    this.gone = new Promise((resolve) => {
      this.#tellGone = resolve;
    });
    this.#process = fork(processFile, argv, {
      serialization: 'advanced',
      execArgv: ['--disable-sigusr1'],
      env: { ...environment, UV_THREADPOOL_SIZE: String(sessions + 4) },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.#exited = this.#watch();
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  get idle(): boolean {
    return this.#calls.size === 0;
  }

  /**
   * Never rejects, and the answer has the shape that the operation promises. Past the deadline the process is
   * killed: of the operation, unless the caller sets another.
   */
  call<K extends Operation>(
    op: K,
    takes: Operations[K]['takes'],
    deadlineMs = deadlineOf(this.#deadlines, op, takes),
  ): Promise<Answer<K>> {
    if (this.#why !== undefined) return Promise.resolve({ gone: this.#why });
    // Without a process there is no channel to send on, and 'error' follows with the cause, such as EMFILE.
    if (this.pid === undefined) return this.gone.then((gone) => ({ gone }));
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve) => {
      const settle = (answer: Answer<Operation>) => resolve(answer as Answer<K>);
      const call: PendingCall = { op, takes, deadlineMs, settle, cancel: () => {} };
      this.#calls.set(id, call);
      this.#arm(call);
      this.#process.send({ id, op, takes }, (error) => {
        if (error) this.kill(`message not delivered: ${error.message}`);
      });
    });
  }

  /** At once: what is under way ends as `gone`. */
  kill(why: string): void {
    this.#process.kill('SIGKILL');
    this.#end(why);
  }

  /** Lets what is under way finish, asks the process to go, and kills it: each after at most `graceMs`. */
  end(graceMs: number): Promise<void> {
    this.#ended ??= this.#finish(graceMs);
    return this.#ended;
  }

  async #finish(graceMs: number): Promise<void> {
    if (this.#why === undefined) {
      await within(this.#timers, graceMs, this.#drained());
      this.#ending = true;
      if (this.#process.connected) this.#process.disconnect();
      await within(this.#timers, graceMs, this.#exited);
      this.kill('ended');
    }
    await within(this.#timers, graceMs, this.#exited);
  }

  #watch(): Promise<void> {
    const { stdout, stderr } = this.#process;
    for (const stream of [stdout, stderr]) {
      if (stream) eachLine(stream, (line) => this.#onLog({ log: 'warn', message: line, details: {} }));
    }
    this.#process.on('message', (message) => this.#receive(message));
    this.#process.once('disconnect', () => this.#disconnected());
    return new Promise((resolve) => {
      this.#process.once('exit', (code, signal) => {
        this.#end(signal ? `killed by ${signal}` : `exited with code ${code}`);
        resolve();
      });
      this.#process.on('error', (error) => {
        this.kill(error.message);
        if (this.#process.pid === undefined) resolve();
      });
    });
  }

  /** Mostly the process has ended and 'exit', which says how, follows; if not, it is of no use any more. */
  #disconnected(): void {
    if (!this.#ending) this.#timers.after(EXIT_FOLLOWS_MS, () => this.kill('closed its channel'));
  }

  #receive(message: unknown): void {
    if (this.#why !== undefined) return;
    if (isLogLine(message)) this.#onLog(message);
    else if (isReply(message)) this.#answered(message);
    else this.kill('said what is no message');
  }

  #answered(reply: Reply): void {
    const call = this.#calls.get(reply.id);
    if (!call || ('gives' in reply && !WELL_FORMED[call.op](reply.gives, call.takes))) {
      this.kill(`answered ${call?.op ?? 'nothing that was asked'} with something else`);
      return;
    }
    this.#calls.delete(reply.id);
    call.cancel();
    call.settle('gives' in reply ? { gives: reply.gives } : { failure: reply.failure });
    if (this.idle) this.#tellDrained();
  }

  #arm(call: PendingCall): void {
    call.cancel = this.#timers.after(call.deadlineMs, () => {
      if (call.op === 'sign' && this.#occupied()) this.#arm(call);
      else this.kill(`no answer to ${call.op} within ${call.deadlineMs} ms`);
    });
  }

  #occupied(): boolean {
    return [...this.#calls.values()].some(({ op }) => OCCUPYING.has(op));
  }

  #drained(): Promise<void> {
    return this.idle
      ? Promise.resolve()
      : new Promise((resolve) => {
          this.#tellDrained = resolve;
        });
  }

  #end(why: string): void {
    if (this.#why !== undefined) return;
    this.#why = why;
    const calls = [...this.#calls.values()];
    this.#calls.clear();
    this.#tellGone(why);
    for (const call of calls) {
      call.cancel();
      call.settle({ gone: why });
    }
    this.#tellDrained();
  }
}
