import type { Socket } from 'node:net';
import { isLogLine, isReply } from '../link/messages.ts';
import type { ProcessHandle, StartProcess } from '../link/process-handle.ts';
import type { Peer } from '../peer.ts';
import type { LogLine, Operation, Reply, Request } from '../protocol.ts';
import { BadFrame, frameOf, LARGEST_FRAME, MOST_UNREAD } from '../wire/frames.ts';
import { type FrontMessage, frontMessageIn, WIRE_VERSION } from '../wire/from-front.ts';
import { type SignerMessage, toWire } from '../wire/from-signer.ts';
import type { BoundedWrite } from './bounded-log.ts';

interface SessionOptions {
  readonly socket: Socket;
  readonly peer: Peer;
  /** What it is told of files is told without their paths. */
  readonly outward: <T extends Reply | LogLine>(message: T) => T;
  readonly startProcess: StartProcess;
  /** How long a process that opens the token is not killed; tests wait for less. */
  readonly openingMs?: number | undefined;
  /** False where a process was started too short a time ago. */
  readonly mayStart: () => boolean;
  readonly log: BoundedWrite;
}

/** The one that serves, one that looks beside it, and those of both that are being ended. */
const MOST_PROCESSES = 4;
const MOST_REQUESTS = 1_024;
const MOST_BYTES = 2 * LARGEST_FRAME;
/** As in the front: how long one may finish what is under way. */
const GRACE_MS = 1_000;
const EXIT_FOLLOWS_MS = 500;
/** What the front itself waits for an answer to `open`. */
const OPENING_MS = 15_000;

/** Lines of its processes in a second, of each message; and of what their modules print. */
const LINES = { most: 20 };
const PRINTED = { of: 'printed', most: 200 };

interface Unanswered {
  readonly op: Operation;
  readonly bytes: number;
  /** Monotonic milliseconds. */
  readonly since: number;
}

interface Running {
  readonly process: ProcessHandle;
  /** Not answered yet, by their ids. */
  readonly requests: Map<number, Unanswered>;
  /** It is to be killed, and asked no more. */
  isDoomed: boolean;
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
      for (const running of this.#running.values()) this.#kill(running);
    }, GRACE_MS).unref();
    this.#checkLeft();
  }

  #heed(message: FrontMessage, bytes: number): void {
    if ('start' in message) this.#startNext(message);
    else if ('to' in message) this.#ask(this.#running.get(message.to), message.request, bytes);
    else if ('kill' in message) this.#kill(this.#running.get(message.kill));
    else this.#running.get(message.leave)?.process.leave();
  }

  #startNext(message: Extract<FrontMessage, { start: number }>): void {
    const { start: number } = message;
    if (number <= this.#lastNumber) this.end('the front gave a number twice');
    else if (this.#running.size >= MOST_PROCESSES)
      this.#say({ ended: number, why: `${MOST_PROCESSES} processes of this front are running` });
    else if (this.#options.mayStart()) this.#start(message);
    else this.#refuseStart(number);
    this.#lastNumber = Math.max(number, this.#lastNumber);
  }

  #refuseStart(number: number): void {
    const why = 'processes are started too often';
    this.#options.log('warn', 'a process was not started', { why });
    this.#say({ ended: number, why });
  }

  #start({ start: number, sessions }: Extract<FrontMessage, { start: number }>): void {
    const { startProcess, log } = this.#options;
    const kill = () => this.#kill(this.#running.get(number));
    const fail = (why: string) => {
      log('error', 'a process failed', { process: process.pid, why }, LINES);
      kill();
    };
    const process = startProcess(sessions, {
      said: (message) => {
        if (!this.#pass(number, message)) fail('said what is no message');
      },
      // Not the signer's words, and the module may name its files.
      printed: (line) => log('warn', line, { process: process.pid }, PRINTED),
      broken: fail,
      closed: () => void setTimeout(kill, EXIT_FOLLOWS_MS).unref(),
      exited: (why) => {
        log('info', 'process ended', { process: process.pid, why }, LINES);
        this.#running.delete(number);
        this.#say({ ended: number, why });
        this.#checkLeft();
      },
    });
    this.#running.set(number, { process, requests: new Map(), isDoomed: false });
    log('info', 'process started', { process: process.pid }, LINES);
    if (process.pid !== undefined) this.#say({ started: number, pid: process.pid });
  }

  /**
   * A login that is cut short counts as an attempt whose answer is not known, and two of them latch the right PIN. So
   * whoever wants it killed, a process that opens the token gets its answer first, if one comes in time.
   */
  #kill(running: Running | undefined): void {
    if (!running || running.isDoomed) return;
    running.isDoomed = true;
    const openings = openingsOf(running);
    if (openings.length === 0) running.process.kill();
    else {
      const { openingMs = OPENING_MS } = this.#options;
      const until = Math.min(...openings.map(({ since }) => since)) + openingMs;
      setTimeout(() => running.process.kill(), until - performance.now()).unref();
    }
  }

  /** What comes for a process that has just ended, or is to, is nobody's. */
  #ask(running: Running | undefined, request: Request, bytes: number): void {
    if (!running || running.isDoomed) return;
    const { process, requests } = running;
    if (requests.has(request.id)) return void this.end('the front gave a request’s number twice');
    requests.set(request.id, { op: request.op, bytes, since: performance.now() });
    if (this.#isWithinBounds()) process.send(request);
    else this.end('the front asks for more than may be under way');
  }

  #isWithinBounds(): boolean {
    const all = [...this.#running.values()].flatMap(({ requests }) => [...requests.values()]);
    return all.length <= MOST_REQUESTS && all.reduce((sum, { bytes }) => sum + bytes, 0) <= MOST_BYTES;
  }

  /** False where it is nothing that a process says, or cannot cross. */
  #pass(from: number, message: unknown): boolean {
    if (isLogLine(message)) this.#options.log(message.log, message.message, message.details, LINES);
    else if (isReply(message)) this.#answered(this.#running.get(from), message.id);
    else return false;
    try {
      this.#say({ from, message: this.#options.outward(message) });
      return true;
    } catch (error) {
      // What JSON has no form for: processes speak in structured clones.
      if (error instanceof TypeError) return false;
      throw error;
    }
  }

  #answered(running: Running | undefined, id: number): void {
    running?.requests.delete(id);
    if (running?.isDoomed && openingsOf(running).length === 0) running.process.kill();
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
    if (socket.writableLength > MOST_UNREAD) this.end('the front does not read what it asked for');
  }

  #checkLeft(): void {
    if (this.#isOver && this.#running.size === 0) this.#left.resolve();
  }
}

function openingsOf({ requests }: Running): readonly Unanswered[] {
  return [...requests.values()].filter(({ op }) => op === 'open');
}

/** Says why, and gives it a moment to be read. */
export function dismiss(socket: Socket, why: string): void {
  if (socket.destroyed) return;
  socket.end(frameOf({ refused: why }), () => socket.destroy());
  setTimeout(() => socket.destroy(), GRACE_MS).unref();
}
