import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { TlsOptions } from 'node:tls';
import { type ErrorCode, KeywardError } from '../kernel/errors.ts';
import { answerClientError } from './client-error.ts';
import { boundConnections } from './connection-bounds.ts';
import { Connections } from './connections.ts';
import { refuseAll } from './refuse-all.ts';
import { type TlsFiles, tlsOptions } from './tls.ts';

export interface ListenerConfig {
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
  readonly tls?: TlsFiles | undefined;
  readonly behind_proxy?: boolean;
  readonly connections_per_address?: number | undefined;
}

export interface ListenerHooks {
  /** A problem that was answered before any route saw the request. */
  problem(code: ErrorCode): void;
}

export interface Listener {
  readonly port: number;
  /**
   * From now on requests get 503 `shutting_down`, on old connections and new ones, while those in flight
   * finish. Settles when the listener is closed: after that many seconds, what is left is cut off.
   */
  drain(seconds: number): Promise<void>;
  /** Cuts off whatever is in flight. */
  close(): Promise<void>;
}

const MAX_CONNECTIONS = 8_192;
const MOST_OF_ONE_ADDRESS = 1_024;
const MAX_HEADERS = 100;

const BOUNDS = {
  maxHeaderSize: 8 * 1024,
  headersTimeout: 10_000,
  requestTimeout: 15_000,
  // Longer than the usual 60 seconds of a load balancer, which would else meet a connection just closed.
  keepAliveTimeout: 65_000,
  // Node's 30 seconds would leave a slow caller that much beyond the limits above.
  connectionsCheckingInterval: 500,
  /** With TLS. */
  handshakeTimeout: 10_000,
} satisfies ServerOptions & TlsOptions;

/** How long an answer may wait for its caller to take another byte of it. */
const UNREAD_MS = 30_000;

/** Starts to listen. `invalid_config` where the address is not to be had or a TLS file cannot be read. */
export async function listen(
  app: RequestListener,
  config: ListenerConfig,
  hooks: ListenerHooks,
  { unreadMs = UNREAD_MS, ...bounds }: Partial<typeof BOUNDS & { unreadMs: number }> = {},
): Promise<Listener> {
  const { tls } = config;
  const options = { ...BOUNDS, ...bounds };
  const server = tls ? createTlsServer({ ...options, ...tlsOptions(tls) }) : createServer(options);
  boundConnections(server, { most: MAX_CONNECTIONS, mostOfOne: mostOfOneAddress(config) });
  server.maxHeadersCount = MAX_HEADERS;
  const connections = new Connections(server, tls ? 'secureConnection' : 'connection');
  let answer = app;
  server.on('request', (request, response) => {
    connections.begun(response);
    // Node's own limits end with the request; the time that an answer is worked on is not the caller's.
    response.once('prefinish', () => response.setTimeout(unreadMs));
    answer(request, response);
  });
  server.on('clientError', (error, socket) => {
    answerClientError(error, socket, connections.answersOn(socket), hooks);
  });
  const port = await bound(server, config);
  const closed = new Promise<void>((resolve) => server.once('close', resolve));
  const cutOff = () => {
    server.close();
    server.closeAllConnections();
  };
  return {
    port,
    async drain(seconds) {
      answer = refuseAll(hooks);
      const limit = setTimeout(cutOff, seconds * 1000);
      await connections.answered();
      server.close();
      connections.dropSilent();
      await closed;
      clearTimeout(limit);
    },
    close() {
      cutOff();
      return closed;
    },
  };
}

/** Behind a proxy all come from one address, so the bound is the configuration's or none. */
export function mostOfOneAddress(
  config: Pick<ListenerConfig, 'behind_proxy' | 'connections_per_address'>,
): number | undefined {
  return config.connections_per_address ?? (config.behind_proxy ? undefined : MOST_OF_ONE_ADDRESS);
}

function bound(server: Server, { host, port }: ListenerConfig): Promise<number> {
  return new Promise((resolve, reject) => {
    const failed = (cause: Error) =>
      reject(new KeywardError('invalid_config', `cannot listen on ${host}:${port}`, { cause }));
    server.once('error', failed);
    server.listen({ host, port }, () => {
      server.off('error', failed);
      const address = server.address();
      resolve(typeof address === 'object' && address ? address.port : port);
    });
  });
}
