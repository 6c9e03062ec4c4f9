import { connect, type Socket } from 'node:net';
import { errorMessage } from '../../lib/text.ts';
import { peerOf } from '../peer.ts';
import { userId } from '../user-id.ts';
import { BadFrame, FrameReader, frameOf, MOST_UNREAD, readFrames } from '../wire/frames.ts';
import { type FrontMessage, WIRE_VERSION } from '../wire/from-front.ts';
import { fromWire, type SignerMessage } from '../wire/from-signer.ts';
import type { ProcessEvents, StartProcess } from './process-handle.ts';

/** A signer that runs by itself, and which of its tokens is meant. */
export interface RemoteSigner {
  /** Path of its Unix socket. */
  readonly socket: string;
  /** Whom it has to run as, by name or number: nobody else's is spoken to. */
  readonly user: string;
  readonly hsmToken: string;
}

/** Connecting, asking the kernel for the peer, and the greeting. */
const WELCOME_MS = 10_000;
/** After `kill` the signer says that the process has ended; one that does not hangs. */
const END_FOLLOWS_MS = 3_000;

/**
 * Processes that a signer under another user starts (decision 0130). The connection lasts as long as one of them;
 * when it ends, the signer ends them all.
 */
export function remoteProcess(signer: RemoteSigner): StartProcess {
  let current: Connection | undefined;
  return (sessions, events) => {
    current = current?.isOpen ? current : new Connection(signer);
    return current.start(sessions, events);
  };
}

interface Remote {
  readonly events: ProcessEvents;
  pid: number | undefined;
}

class Connection {
  readonly #signer: RemoteSigner;
  readonly #processes = new Map<number, Remote>();
  readonly #socket: Socket;
  /** Said before the signer let this front in. */
  #waiting: FrontMessage[] | undefined = [];
  #lastNumber = 0;
  #why: string | undefined;

  constructor(signer: RemoteSigner) {
    this.#signer = signer;
    this.#socket = connect(signer.socket);
    this.#socket.once('error', (error) => this.#end(describe(error, signer)));
    this.#socket.once('close', () => this.#end('the signer closed the connection'));
    this.#socket.once('connect', () => void this.#greet());
    const deadline = setTimeout(() => {
      if (this.#waiting) this.#end(`${signer.socket}: no welcome within ${WELCOME_MS} ms`);
    }, WELCOME_MS);
    this.#socket.once('close', () => clearTimeout(deadline));
  }

  get isOpen(): boolean {
    return this.#why === undefined;
  }

  start(sessions: number, events: ProcessEvents) {
    this.#lastNumber += 1;
    const number = this.#lastNumber;
    const remote: Remote = { events, pid: undefined };
    this.#processes.set(number, remote);
    this.#say({ start: number, sessions });
    const endFollows = () => {
      if (this.#processes.has(number)) this.#end('the signer did not say that a process ended');
    };
    return {
      get pid() {
        return remote.pid;
      },
      send: (request: Extract<FrontMessage, { to: number }>['request']) => this.#say({ to: number, request }),
      leave: () => this.#say({ leave: number }),
      kill: () => {
        if (!this.#processes.has(number)) return;
        this.#say({ kill: number });
        setTimeout(endFollows, END_FOLLOWS_MS).unref();
      },
    };
  }

  async #greet(): Promise<void> {
    const { socket, user } = this.#signer;
    try {
      const expected = await userId(user);
      const { uid } = await peerOf(this.#socket);
      if (uid !== expected)
        return this.#end(`${socket} is held by user ${uid}, not by ${user} (${expected})`);
    } catch (error) {
      return this.#end(errorMessage(error));
    }
    if (!this.isOpen) return;
    const reader = new FrameReader((message) => this.#hear(message));
    readFrames(this.#socket, reader, (why) => this.#end(`the signer sent ${why}`));
    this.#socket.resume();
  }

  #say(message: FrontMessage): void {
    if (!this.isOpen) return;
    if (this.#waiting) {
      this.#waiting.push(message);
      return;
    }
    try {
      this.#socket.write(frameOf(message));
    } catch (error) {
      if (!(error instanceof BadFrame)) throw error;
      this.#end(`message not delivered: ${error.message}`);
    }
    if (this.#socket.writableLength > MOST_UNREAD) this.#end('the signer does not read what it is asked');
  }

  #hear(given: unknown): void {
    const message = fromWire(given);
    if (!this.isOpen) return;
    if (message) this.#heed(message);
    else this.#end('the signer sent what is no message');
  }

  #heed(message: SignerMessage): void {
    if ('hello' in message) {
      this.#socket.write(frameOf({ hello: WIRE_VERSION, token: this.#signer.hsmToken }));
    } else if ('welcome' in message) {
      const waiting = this.#waiting ?? [];
      this.#waiting = undefined;
      for (const each of waiting) this.#say(each);
    } else if ('refused' in message) this.#end(`the signer refused: ${message.refused}`);
    else if ('started' in message) {
      const remote = this.#processes.get(message.started);
      if (remote) remote.pid = message.pid;
    } else if ('ended' in message) this.#ended(message.ended, message.why);
    else this.#processes.get(message.from)?.events.said(message.message);
  }

  #ended(number: number, why: string): void {
    const remote = this.#processes.get(number);
    if (!remote) return;
    this.#processes.delete(number);
    remote.events.exited(why);
    if (this.#processes.size === 0) this.#end('no process is left');
  }

  #end(why: string): void {
    if (this.#why !== undefined) return;
    this.#why = why;
    this.#socket.destroy();
    const processes = [...this.#processes.values()];
    this.#processes.clear();
    // Whoever starts the first process is still doing so where the path itself is refused.
    queueMicrotask(() => {
      for (const { events } of processes) events.exited(why);
    });
  }
}

const ADVICE: Readonly<Record<string, string>> = {
  ENOENT: 'no signer listens there',
  ECONNREFUSED: 'no signer listens there',
  EACCES: 'this user may not open it; it has to be in the group of the socket and its folder',
};

function describe({ code = '', message }: NodeJS.ErrnoException, { socket }: RemoteSigner): string {
  const advice = ADVICE[code];
  return advice === undefined ? `${socket}: ${message}` : `${socket}: ${advice} (${code})`;
}
