import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { leadingParts } from '../lib/address.ts';

/**
 * Whom an address stands for: an IPv4 address for itself, an IPv6 address for its /64, since one machine has all
 * of it to choose from.
 */
export function networkOf(address: string): string {
  const { family, parts } = leadingParts(address, { octets: 4, groups: 4 });
  return parts.join(family === 4 ? '.' : ':');
}

/** What one party is commonly given: the /24 of an IPv4 address, the /48 of an IPv6 address. */
export function wideNetworkOf(address: string): string {
  return leadingParts(address, { octets: 3, groups: 3 }).parts.join(':');
}

interface ConnectionLimits {
  /** Open at once. */
  readonly most: number;
  /** Of one address, or of one /64. */
  readonly mostOfOne: number;
  /** Through which many callers come: only the bound of all concerns it. */
  readonly isProxy: (address: string) => boolean;
}

interface Place {
  /** A caller of this connection has shown a credential that is good. */
  vouched: boolean;
  leave(): void;
}

const places = new WeakMap<Duplex, Place>();

/** The connection is somebody's who is known: no stranger's takes its place. */
export function vouchFor(connection: Duplex): void {
  const place = places.get(connection);
  if (place) place.vouched = true;
}

/**
 * Bounds the connections, in all and of one address. Of those too many the oldest goes that nobody vouched for, so that
 * whoever holds connections open is in nobody's way but their own; the new one goes where all are vouched for.
 */
export function boundConnections(server: Server, { most, mostOfOne, isProxy }: ConnectionLimits): void {
  const all = new Set<Socket>();
  const byNetwork = new Map<string, Set<Socket>>();
  const bySource = new Map<string, Place>();
  server.on('connection', (socket: Socket) => {
    const source = sourceOf(socket);
    // Gone before its turn came.
    if (source === undefined || socket.remoteAddress === undefined) return;
    const network = networkOf(socket.remoteAddress);
    const neighbours = byNetwork.get(network) ?? new Set();
    byNetwork.set(network, neighbours);
    for (const set of [all, neighbours]) set.add(socket);
    const place: Place = {
      vouched: false,
      leave() {
        for (const set of [all, neighbours]) set.delete(socket);
        if (neighbours.size === 0) byNetwork.delete(network);
        if (bySource.get(source) === place) bySource.delete(source);
      },
    };
    places.set(socket, place);
    bySource.set(source, place);
    socket.once('close', () => place.leave());
    if (neighbours.size > mostOfOne && !isProxy(socket.remoteAddress)) dropOne(neighbours, socket);
    if (all.size > most) dropOne(all, socket);
  });
  // With TLS, requests come on another object than the connection did.
  server.on('secureConnection', (socket: Socket) => {
    const place = bySource.get(sourceOf(socket) ?? '');
    if (place) places.set(socket, place);
  });
}

function dropOne(of: Set<Socket>, newest: Socket): void {
  const oldest = [...of].find((socket) => !places.get(socket)?.vouched) ?? newest;
  places.get(oldest)?.leave();
  oldest.destroy();
}

function sourceOf({ remoteAddress, remotePort }: Socket): string | undefined {
  return remoteAddress === undefined ? undefined : `${remoteAddress} ${remotePort}`;
}

const NONE: ReadonlySet<ServerResponse> = new Set();

/**
 * Which answers are under way on which connection. Node tells nothing of a pipelined answer whose connection
 * ended before its turn came, so the connection has the last word.
 */
export class Connections {
  readonly #answers = new Map<Duplex, Set<ServerResponse>>();

  constructor(server: Server, event: 'connection' | 'secureConnection') {
    server.on(event, (socket: Socket) => {
      this.#answers.set(socket, new Set());
      socket.once('close', () => this.#answers.delete(socket));
    });
  }

  begun(response: ServerResponse): void {
    const answers = this.#answers.get(response.req.socket);
    answers?.add(response);
    response.once('close', () => answers?.delete(response));
  }

  answersOn(socket: Duplex): ReadonlySet<ServerResponse> {
    return this.#answers.get(socket) ?? NONE;
  }

  /** Settles once all answers begun so far have ended; each ends its connection with it. */
  async answered(): Promise<void> {
    const pending = [...this.#answers].flatMap(([socket, answers]) =>
      [...answers].map((response) => ended(response, socket)),
    );
    await Promise.all(pending);
  }

  /** Settles once those that wait for a request now are closed. */
  async idleClosed(): Promise<void> {
    const idle = [...this.#answers].flatMap(([socket, answers]) => (answers.size === 0 ? [socket] : []));
    await Promise.all(idle.map((socket) => new Promise((resolve) => socket.once('close', resolve))));
  }

  /** Whether there is one on which nothing was ever said. */
  get hasSilent(): boolean {
    return [...this.#answers.keys()].some((socket) => (socket as Socket).bytesRead === 0);
  }

  /** Connections on which nothing was ever said, such as browsers and balancers open in advance. */
  dropSilent(): void {
    for (const socket of this.#answers.keys()) {
      if ((socket as Socket).bytesRead === 0) socket.destroy();
    }
  }
}

function ended(response: ServerResponse, socket: Duplex): Promise<void> {
  response.shouldKeepAlive = false;
  return new Promise((resolve) => {
    response.once('close', resolve);
    socket.once('close', resolve);
  });
}
