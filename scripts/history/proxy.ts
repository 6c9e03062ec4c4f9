import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

export type Direction = 'to_server' | 'to_front';

/** At least the size of a group of records; what only reads is smaller. */
const LARGE_BYTES = 1_000;

interface Pair {
  readonly front: Socket;
  readonly server: Socket;
  /** The next answer is not delivered: the connection is reset in its place. */
  isDoomed: boolean;
}

/**
 * A TCP address of 127.0.0.1 that leads to a Unix socket, which may change. What is held back arrives later and in order,
 * as with packets that are lost and sent again; the end of a connection is held back too.
 */
export class FaultyProxy {
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  readonly #held = new Set<Direction>();
  #released = Promise.withResolvers<void>();
  #target: string;
  #delayMs = 0;
  #dooms = 0;
  #isRefusing = false;

  static async listen(target: string): Promise<FaultyProxy> {
    const proxy = new FaultyProxy(target);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  private constructor(target: string) {
    this.#target = target;
    this.#server = createServer((front) => this.#join(front));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** How many connections stand. */
  get connections(): number {
    return this.#pairs.size;
  }

  /** New connections go there; those that stand stay where they are. */
  pointAt(target: string): void {
    this.#target = target;
  }

  /** Resets the connections that stand, or those among them that `chosen` picks. */
  cut(chosen: () => boolean = () => true): void {
    for (const pair of [...this.#pairs]) if (chosen()) this.#reset(pair);
  }

  /** Resets the connections that stand and those to come, until `release`. */
  refuse(): void {
    this.#isRefusing = true;
    this.cut();
  }

  /** Holds back all that goes that way, until `release`. */
  hold(...directions: readonly Direction[]): void {
    for (const direction of directions) this.#held.add(direction);
  }

  release(): void {
    this.#held.clear();
    this.#delayMs = 0;
    this.#dooms = 0;
    this.#isRefusing = false;
    this.#released.resolve();
    this.#released = Promise.withResolvers();
  }

  /** All that passes takes so much longer. */
  delay(ms: number): void {
    this.#delayMs = ms;
  }

  /** The next so many large messages reach the server, and the connection is reset in place of the answer. */
  resetAnswers(count: number): void {
    this.#dooms = count;
  }

  async close(): Promise<void> {
    this.release();
    this.cut();
    this.#server.close();
  }

  #join(front: Socket): void {
    if (this.#isRefusing) {
      front.on('error', () => {}).resetAndDestroy();
      return;
    }
    const server = connect(this.#target);
    const pair: Pair = { front, server, isDoomed: false };
    this.#pairs.add(pair);
    for (const socket of [front, server]) socket.setNoDelay().on('error', () => {});
    this.#pipe(pair, 'to_server', front, server);
    this.#pipe(pair, 'to_front', server, front);
  }

  #pipe(pair: Pair, direction: Direction, from: Socket, to: Socket): void {
    let last = Promise.resolve();
    const inOrder = (work: () => void) => {
      last = last.then(() => this.#passage(direction)).then(work);
    };
    from.on('data', (bytes: Buffer) => inOrder(() => this.#deliver(pair, direction, to, bytes)));
    from.on('close', () =>
      inOrder(() => {
        to.destroy();
        this.#pairs.delete(pair);
      }),
    );
  }

  async #passage(direction: Direction): Promise<void> {
    if (this.#delayMs > 0) await pause(this.#delayMs);
    while (this.#held.has(direction)) await this.#released.promise;
  }

  #deliver(pair: Pair, direction: Direction, to: Socket, bytes: Buffer): void {
    if (direction === 'to_front' && pair.isDoomed) {
      this.#reset(pair);
      return;
    }
    if (direction === 'to_server' && this.#dooms > 0 && bytes.length >= LARGE_BYTES) {
      this.#dooms -= 1;
      pair.isDoomed = true;
    }
    if (!to.destroyed) to.write(bytes);
  }

  #reset(pair: Pair): void {
    this.#pairs.delete(pair);
    pair.front.resetAndDestroy();
    pair.server.destroy();
  }
}
