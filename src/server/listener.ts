import {
  createServer,
  type RequestListener,
  type ServerOptions,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { Server as NetServer } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { type TlsOptions, Server as TlsServer } from 'node:tls';
import { type ErrorCode, KeywardError } from '../kernel/errors.ts';
import { addressMatcher } from '../lib/address-guard.ts';
import { bind } from './bind.ts';
import { boundConnections, Connections } from './connections.ts';
import { requestIdOf } from './exchange.ts';
import { PROBLEMS, problemDocument, retryAfterSeconds } from './problem.ts';
import { contextOptions, readTlsIdentity, type TlsFiles, type TlsIdentity } from './tls-files.ts';

type Refusal = readonly [code: ErrorCode, detail: string];

const MALFORMED: Refusal = ['malformed_request', 'this is not an HTTP/1.1 request'];
const REFUSALS = new Map<string | undefined, Refusal>([
  ['HPE_HEADER_OVERFLOW', ['headers_too_large', 'request line and headers may take 8 KiB']],
  ['HPE_CHUNK_EXTENSIONS_OVERFLOW', ['body_too_large', 'leave out chunk extensions']],
  ['ERR_HTTP_REQUEST_TIMEOUT', ['request_timeout', 'the request did not arrive in time']],
]);

/** What Node's parser refuses, or waited for in vain, is answered like everything else, and the connection ends. */
export function answerClientError(
  error: NodeJS.ErrnoException,
  socket: Duplex,
  answers: ReadonlySet<ServerResponse>,
  hooks: ListenerHooks,
): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
  } else if (concernsALaterRequest(answers)) {
    for (const response of answers) response.shouldKeepAlive = false;
  } else {
    const [code, detail] = REFUSALS.get(error.code) ?? MALFORMED;
    hooks.problem(code);
    socket.end(message(code, detail), () => socket.destroy());
  }
}

/** An answer under way to a request that had come in full is not to be mixed up with what followed it. */
function concernsALaterRequest(answers: ReadonlySet<ServerResponse>): boolean {
  return [...answers].some((response) => response.req.complete || response.headersSent);
}

function message(code: ErrorCode, detail: string): string {
  const { status } = PROBLEMS[code];
  const requestId = requestIdOf(undefined);
  const body = JSON.stringify(problemDocument(new KeywardError(code, detail), requestId));
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Cache-Control: no-store',
    `X-Request-Id: ${requestId}`,
    'Connection: close',
  ];
  return `${head.join('\r\n')}\r\n\r\n${body}`;
}

/** Answers everything with 503 `shutting_down` and ends the connection, so that the caller goes elsewhere. */
function refuseAll(hooks: ListenerHooks): RequestListener {
  const error = new KeywardError('shutting_down', 'this instance is shutting down; try again elsewhere');
  return (request, response) => {
    hooks.problem(error.code);
    const requestId = requestIdOf(request.headers['x-request-id']);
    const body = JSON.stringify(problemDocument(error, requestId));
    response.writeHead(PROBLEMS[error.code].status, {
      'Content-Type': 'application/problem+json',
      'Content-Length': Buffer.byteLength(body),
      'Cache-Control': 'no-store',
      'Retry-After': retryAfterSeconds(error),
      'X-Request-Id': requestId,
      Connection: 'close',
    });
    response.end(body);
  };
}

/**
 * With a client authority, certificates are asked for and not demanded: whoever uses one has to look at
 * `authorized` first, since a foreign certificate can be read too.
 */
function tlsOptions(files: TlsFiles): TlsOptions {
  return {
    ...contextOptions(readTlsIdentity(files)),
    handshakeTimeout: 10_000,
    rejectUnauthorized: false,
    ...(files.client_ca_file === undefined ? {} : { requestCert: true }),
  };
}

export interface ListenerConfig {
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
  readonly tls?: TlsFiles | undefined;
  /** Addresses and networks; connections of theirs count against no bound by address. */
  readonly trusted_proxies?: readonly string[];
  readonly connections_per_address?: number | undefined;
}

/** A listening socket that another process made, and keeps: connections to it wait while nobody accepts them. */
export interface Passed {
  readonly descriptor: number | undefined;
}

interface ListenerHooks {
  /** A problem that was answered before any route saw the request. */
  problem(code: ErrorCode): void;
}

export interface Listener {
  readonly port: number;
  /** For connections from now on; those that are open stay as they are. Of a listener with TLS. */
  renewTls(identity: TlsIdentity): void;
  /**
   * Of a socket that was passed: every answer from now on ends its connection; then no connection is accepted any
   * more, and those to come wait for the next process. For any other, nothing.
   */
  handOver(seconds: number): Promise<void>;
  /**
   * From now on requests get 503 `shutting_down`, on old connections and new ones, while those in flight
   * finish; after `handOver` they are answered. Settles when the listener is closed: after that many seconds, what is
   * left is cut off.
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

/** After it, a connection that asks for nothing is given up to the next process. */
const IDLE_MS = 5_000;
/** How long one that was just accepted has to speak. */
const SILENT_MS = 1_000;
const LOOK_MS = 10;
const UNREF = { ref: false };

/** How long an answer may wait for its caller to take another byte of it. */
const UNREAD_MS = 30_000;

/** Starts to listen. `invalid_config` where the address is not to be had or a TLS file cannot be read. */
export async function listen(
  app: RequestListener,
  config: ListenerConfig,
  hooks: ListenerHooks,
  {
    unreadMs = UNREAD_MS,
    descriptor,
    ...bounds
  }: Partial<typeof BOUNDS & { unreadMs: number } & Passed> = {},
): Promise<Listener> {
  const { tls } = config;
  const options = { ...BOUNDS, ...bounds };
  const server = tls ? createTlsServer({ ...options, ...tlsOptions(tls) }) : createServer(options);
  boundConnections(server, {
    most: MAX_CONNECTIONS,
    mostOfOne: config.connections_per_address ?? MOST_OF_ONE_ADDRESS,
    isProxy: addressMatcher(config.trusted_proxies ?? []),
  });
  server.maxHeadersCount = MAX_HEADERS;
  const connections = new Connections(server, tls ? 'secureConnection' : 'connection');
  let answer = app;
  let leaving = false;
  server.on('request', (request, response) => {
    connections.begun(response);
    if (leaving) response.shouldKeepAlive = false;
    // Node's own limits end with the request; the time that an answer is worked on is not the caller's.
    response.once('prefinish', () => response.setTimeout(unreadMs));
    answer(request, response);
  });
  server.on('clientError', (error, socket) => {
    answerClientError(error, socket, connections.answersOn(socket), hooks);
  });
  const port = await bind(server, config, descriptor);
  const closed = new Promise<void>((resolve) => server.once('close', resolve));
  const cutOff = () => {
    server.close();
    server.closeAllConnections();
  };
  return {
    port,
    renewTls: (identity) => {
      if (server instanceof TlsServer) server.setSecureContext(contextOptions(identity));
    },
    async handOver(seconds) {
      if (descriptor === undefined) return;
      leaving = true;
      // Those under way end their connections, too.
      void connections.answered();
      await Promise.race([connections.idleClosed(), pause(Math.min(IDLE_MS, seconds * 500), null, UNREF)]);
      // Not as HTTP closes: it would cut off those that were accepted and have yet to speak.
      NetServer.prototype.close.call(server);
      for (let waited = 0; connections.hasSilent && waited < SILENT_MS; waited += LOOK_MS)
        await pause(LOOK_MS);
    },
    async drain(seconds) {
      if (!leaving) answer = refuseAll(hooks);
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
