import type { Socket } from 'node:net';
import { isLogLine } from '../link/messages.ts';
import type { ProcessHandle, StartProcess } from '../link/process-handle.ts';
import type { Peer } from '../peer.ts';
import type { LogLine, Reply, Request } from '../protocol.ts';
import { BadFrame, frameOf, LARGEST_FRAME } from '../wire/frames.ts';
import { type FrontMessage, frontMessageIn, WIRE_VERSION } from '../wire/from-front.ts';
import { type SignerMessage, toWire } from '../wire/from-signer.ts';

export type HostLog = (level: LogLine['log'], message: string, details: LogLine['details']) => void;

interface SessionOptions {
  readonly socket: Socket;
  readonly peer: Peer;
  /** What it is told of files is told without their paths. */
  readonly outward: <T extends Reply | LogLine>(message: T) => T;
  readonly startProcess: StartProcess;
  readonly log: HostLog;
}

/** The one that serves, one that looks beside it, and those of both that are being ended. */
const MOST_PROCESSES = 4;
const MOST_REQUESTS = 1_024;
const MOST_BYTES = 2 * LARGEST_FRAME;
/** As in the front: how long one may finish what is under way. */
const GRACE_MS = 1_000;
const EXIT_FOLLOWS_MS = 500;

interface Running {
  readonly process: ProcessHandle;
  /** Bytes of each request that is not answered yet, by its id. */
  readonly requests: Map<number, number>;
}

/** One front, from its welcome until all its processes have ended. The front is not believed: it may have been taken over. */
export class Session {
  readonly peer: Peer;
  /** Settles once nothing of it is left. */
  readonly ended: Promise<void>;
  readonly #options: SessionOptions;
  readonly #running = new Map<number, Running>();
  readonly #left = Promise.withResolvers<void>();
  #lastNumber = 0;
  #isOver = false;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.peer = options.peer;
    this.ended = this.#left.promise;
    options.socket.once('close', () => this.end('the front is gone'));
    this.#say({ welcome: WIRE_VERSION });
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** From the reader of the socket. */
  hear(given: unknown, bytes: number): void {
    if (this.#isOver) return;
    const message = frontMessageIn(given);
    if (message) this.#heed(message, bytes);
    else this.end('the front sent what is no message');
  }

  /** No more of this front: processes may finish what they are at, for a second. */
  end(why: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const { socket, log, peer } = this.#options;
    log('info', 'front disconnected', { pid: peer.pid, why });
    dismiss(socket, why);
    for (const { process } of this.#running.values()) process.leave();
    setTimeout(() => {
      for (const { process } of this.#running.values()) process.kill();
    }, GRACE_MS).unref();
    this.#checkLeft();
  }

  #heed(message: FrontMessage, bytes: number): void {
    if ('start' in message) this.#startNext(message);
    else if ('to' in message) this.#ask(this.#running.get(message.to), message.request, bytes);
    else if ('kill' in message) this.#running.get(message.kill)?.process.kill();
    else this.#running.get(message.leave)?.process.leave();
  }

  #startNext(message: Extract<FrontMessage, { start: number }>): void {
    const { start: number } = message;
    if (number <= this.#lastNumber) this.end('the front gave a number twice');
    else if (this.#running.size < MOST_PROCESSES) this.#start(message);
    else this.#say({ ended: number, why: `${MOST_PROCESSES} processes of this front are running` });
    this.#lastNumber = Math.max(number, this.#lastNumber);
  }

  #start({ start: number, sessions }: Extract<FrontMessage, { start: number }>): void {
    const { startProcess, log } = this.#options;
    const requests = new Map<number, number>();
    const process = startProcess(sessions, {
      said: (message) => this.#pass(number, requests, message as Reply | LogLine),
      // Not the signer's words, and the module may name its files.
      printed: (line) => log('warn', line, { process: process.pid }),
      broken(why) {
        log('error', 'a process failed', { process: process.pid, why });
        process.kill();
      },
      closed: () => void setTimeout(() => process.kill(), EXIT_FOLLOWS_MS).unref(),
      exited: (why) => {
        log('info', 'process ended', { process: process.pid, why });
        this.#running.delete(number);
        this.#say({ ended: number, why });
        this.#checkLeft();
      },
    });
    this.#running.set(number, { process, requests });
    log('info', 'process started', { process: process.pid });
    if (process.pid !== undefined) this.#say({ started: number, pid: process.pid });
  }

  /** What comes for a process that has just ended is nobody's. */
  #ask(running: Running | undefined, request: Request, bytes: number): void {
    if (!running) return;
    const { process, requests } = running;
    const isAgain = requests.has(request.id);
    requests.set(request.id, bytes);
    if (isAgain) this.end('the front gave a request’s number twice');
    else if (this.#isWithinBounds()) process.send(request);
    else this.end('the front asks for more than may be under way');
  }

  #isWithinBounds(): boolean {
    const sizes = [...this.#running.values()].flatMap(({ requests }) => [...requests.values()]);
    return sizes.length <= MOST_REQUESTS && sizes.reduce((sum, size) => sum + size, 0) <= MOST_BYTES;
  }

  #pass(from: number, requests: Map<number, number>, message: Reply | LogLine): void {
    if (isLogLine(message)) this.#options.log(message.log, message.message, message.details);
    else requests.delete(message.id);
    this.#say({ from, message: this.#options.outward(message) });
  }

  #say(message: SignerMessage): void {
    const { socket } = this.#options;
    if (this.#isOver) return;
    try {
      socket.write(frameOf(toWire(message)));
    } catch (error) {
      if (!(error instanceof BadFrame)) throw error;
      this.end(`an answer is too long: ${error.message}`);
    }
    if (socket.writableLength > MOST_BYTES) this.end('the front does not read what it asked for');
  }

  #checkLeft(): void {
    if (this.#isOver && this.#running.size === 0) this.#left.resolve();
  }
}

/** Says why, and gives it a moment to be read. */
export function dismiss(socket: Socket, why: string): void {
  if (socket.destroyed) return;
  socket.end(frameOf({ refused: why }), () => socket.destroy());
  setTimeout(() => socket.destroy(), GRACE_MS).unref();
}
