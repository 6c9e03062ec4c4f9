import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

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
