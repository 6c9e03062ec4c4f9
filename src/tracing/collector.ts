import { Agent, request as plainRequest } from 'node:http';
import { Agent as TlsAgent, request as tlsRequest } from 'node:https';
import { guardedLookup } from '../lib/address-guard.ts';
import { authoritiesOf } from '../lib/certificates.ts';
import { readHeaders } from './headers.ts';
import { isRefusedCollector, type TracingSettings } from './settings.ts';

export const SIGNALS = ['traces', 'metrics'] as const;
export type Signal = (typeof SIGNALS)[number];

/** Where OTLP goes. */
export interface Collector {
  /** Settles once it was taken. What it rejects with names neither headers nor what was sent. */
  send(signal: Signal, body: Uint8Array): Promise<void>;
  /** Cuts off whatever is under way. */
  close(): void;
}

const SOCKETS = 2;
const LARGEST_HEAD = 16_384;

type CollectorSettings = Pick<TracingSettings, 'ca_file' | 'headers_file' | 'deadline_ms'> & {
  readonly endpoint: string;
};

/**
 * OTLP/HTTP with JSON. Nothing is tried twice and no redirect is followed; of the answer the status alone is taken. The
 * exporters of OpenTelemetry would read the environment for headers and keys, and their deadline ends with each byte.
 */
export function openCollector(settings: CollectorSettings): Collector {
  const { endpoint, ca_file, headers_file, deadline_ms } = settings;
  const { protocol } = new URL(endpoint);
  const isTls = protocol === 'https:';
  const request = isTls ? tlsRequest : plainRequest;
  const agent = new (isTls ? TlsAgent : Agent)({ keepAlive: true, maxSockets: SOCKETS });
  const authorities = ca_file === undefined ? undefined : authoritiesOf(ca_file);
  const closed = new AbortController();
  const lookup = guardedLookup(
    (address) => isRefusedCollector(protocol, address),
    (host) => new Error(`${host} is at an address that nothing is sent to`),
  );
  return {
    async send(signal, body) {
      const headers = headers_file === undefined ? {} : await readHeaders(headers_file);
      const late = AbortSignal.timeout(deadline_ms);
      const status = await new Promise<number>((resolve, reject) => {
        const sent = request(new URL(`${endpoint.replace(/\/$/, '')}/v1/${signal}`), {
          method: 'POST',
          agent,
          lookup,
          maxHeaderSize: LARGEST_HEAD,
          signal: AbortSignal.any([late, closed.signal]),
          headers: {
            ...headers,
            'content-type': 'application/json',
            'content-length': String(body.length),
            'user-agent': 'keyward',
          },
          ...(authorities === undefined ? {} : { ca: authorities() }),
        });
        sent.once('response', (answer) => {
          // Read to its end, the connection serves the next one.
          answer.resume().on('error', () => {});
          resolve(answer.statusCode ?? 0);
        });
        sent.on('error', (error: NodeJS.ErrnoException) => {
          const why = late.aborted ? `no answer within ${deadline_ms} ms` : (error.code ?? error.message);
          reject(new Error(`the collector could not be reached (${why})`));
        });
        sent.end(body);
      });
      if (status < 200 || status > 299) throw new Error(`the collector answered ${status}`);
    },
    close() {
      closed.abort();
      agent.destroy();
    },
  };
}
