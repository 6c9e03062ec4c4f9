import type { Failure, LogLine, Operation, Operations, Reply, Request } from '../protocol.ts';
import { isLogLine, isReply, WELL_FORMED } from './messages.ts';
import { type Deadlines, deadlineOf, EXCUSES, lineOf, type OperationSet } from './options.ts';
import type { ProcessHandle, StartProcess } from './process-handle.ts';
import { type Timers, within } from './timers.ts';

/** What became of a call. `gone`: the process ended, or was killed, before it answered; and why. */
export type Answer<K extends Operation> =
  | { readonly gives: Operations[K]['gives'] }
  | { readonly failure: Failure }
  | { readonly gone: string };

interface ChildOptions {
  readonly start: StartProcess;
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
  /** Stops its deadline; undefined until that runs. */
  cancel?: () => void;
}

const EXIT_FOLLOWS_MS = 500;

/** One process of the signer: it is asked, it is timed, and when it is late it is killed. */
export class Child {
  /** Settles with the reason once the process can no longer be used. */
  readonly gone: Promise<string>;
  readonly #process: ProcessHandle;
  readonly #deadlines: Deadlines;
  readonly #timers: Timers;
  readonly #onLog: (line: LogLine) => void;
  readonly #calls = new Map<number, PendingCall>();
  readonly #exited = Promise.withResolvers<void>();
  #why: string | undefined;
  #tellGone: (why: string) => void = () => {};
  #tellDrained: () => void = () => {};
  #lastId = 0;
  #ending = false;
  #ended: Promise<void> | undefined;

  constructor({ start, sessions, deadlines, timers, onLog }: ChildOptions) {
    this.#deadlines = deadlines;
    this.#timers = timers;
    this.#onLog = onLog;
    this.gone = new Promise((resolve) => {
      this.#tellGone = resolve;
    });
    this.#process = start(sessions, {
      said: (message) => this.#receive(message),
      printed: (line) => this.#onLog({ log: 'warn', message: line, details: {} }),
      broken: (why) => this.kill(why),
      closed: () => this.#disconnected(),
      exited: (why) => {
        this.#end(why);
        this.#exited.resolve();
      },
    });
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  get isGone(): boolean {
    return this.#why !== undefined;
  }

  get idle(): boolean {
    return this.#calls.size === 0;
  }

  /**
   * Never rejects, and the answer has the shape that the operation promises. Past the deadline the process is
   * killed: of the operation, unless the caller sets another. It does not run while the signer is at another of its line.
   */
  call<K extends Operation>(
    op: K,
    takes: Operations[K]['takes'],
    deadlineMs = deadlineOf(this.#deadlines, op, takes),
  ): Promise<Answer<K>> {
    if (this.#why !== undefined) return Promise.resolve({ gone: this.#why });
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve) => {
      const settle = (answer: Answer<Operation>) => resolve(answer as Answer<K>);
      const call: PendingCall = { op, takes, deadlineMs, settle };
      this.#calls.set(id, call);
      const line = lineOf(op);
      if (line) this.#armFirst(line);
      else this.#arm(call);
      this.#process.send({ id, op, takes } as Request);
    });
  }

  /** At once: what is under way ends as `gone`. */
  kill(why: string): void {
    this.#process.kill();
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
      this.#process.leave();
      await within(this.#timers, graceMs, this.#exited.promise);
      this.kill('ended');
    }
    await within(this.#timers, graceMs, this.#exited.promise);
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
    call.cancel?.();
    const line = lineOf(call.op);
    if (line) this.#armFirst(line);
    call.settle('gives' in reply ? { gives: reply.gives } : { failure: reply.failure });
    if (this.idle) this.#tellDrained();
  }

  #armFirst(line: OperationSet): void {
    const first = [...this.#calls.values()].find(({ op }) => line.has(op));
    if (first && !first.cancel) this.#arm(first);
  }

  #arm(call: PendingCall): void {
    call.cancel = this.#timers.after(call.deadlineMs, () => {
      if (this.#isExcused(call)) this.#arm(call);
      else this.kill(`no answer to ${call.op} within ${call.deadlineMs} ms`);
    });
  }

  #isExcused(late: PendingCall): boolean {
    const excuses = EXCUSES[late.op];
    return [...this.#calls.values()].some(({ op, cancel }) => cancel && excuses?.has(op));
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
      call.cancel?.();
      call.settle({ gone: why });
    }
    this.#tellDrained();
  }
}
