import { createServer } from 'node:net';
import { type Config, loadConfig } from '../../src/config.ts';
import { DEFAULT_PORTS, type Options } from './options.ts';
import type { Places } from './places.ts';
import { Stop, say } from './say.ts';

type Listener = Config['operations_plane'];

/** Where a service made here listens: on this machine alone. */
export const LOOPBACK = '127.0.0.1';
const FLAGS = [
  ['--data-port', 'dataPort', 'data_plane'],
  ['--operations-port', 'operationsPort', 'operations_plane'],
] as const;

export interface Addresses {
  readonly data: string;
  readonly operations: string;
  readonly listeners: readonly (readonly [name: string, listener: Listener])[];
}

export function addressesOf(places: Places): Addresses {
  const { data_plane, operations_plane } = loadConfig(places.config);
  return {
    data: urlOf(data_plane),
    operations: urlOf(operations_plane),
    listeners: [
      ['data_plane', data_plane],
      ['operations_plane', operations_plane],
    ],
  };
}

function urlOf({ host, port, tls }: Listener): string {
  return `${tls ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** On the first run, before anything is made that would hold on to the port. */
export async function refuseTakenPorts(options: Options): Promise<void> {
  for (const [flag, member] of FLAGS) {
    const port = options[member] ?? DEFAULT_PORTS[member];
    if (await isFree(LOOPBACK, port)) continue;
    throw new Stop(`port ${port} is in use; stop what uses it, or choose another with ${flag}`);
  }
}

/** On a later run: the issuers of the scopes name the first run's port, so another is not taken silently. */
export function printIgnoredPorts(options: Options, places: Places): void {
  const config = loadConfig(places.config);
  for (const [flag, member, plane] of FLAGS) {
    const port = options[member];
    if (port === undefined || port === config[plane].port) continue;
    say(`${flag} counts on the first run alone; ${places.config} says ${config[plane].port}`);
  }
}

/** Before the service is started, because what it would log about a busy port is not as plain. */
export async function refuseBusyPorts(addresses: Addresses, places: Places): Promise<void> {
  for (const [name, { host, port }] of addresses.listeners) {
    if (await isFree(host, port)) continue;
    if (await isServing(addresses))
      throw new Stop(`a service already runs at ${addresses.data}; stop it first`);
    throw new Stop(`port ${port} is in use; stop what uses it, or set ${name}.port in ${places.config}`);
  }
}

function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(false) : reject(error),
    );
    server.listen(port, host, () => server.close(() => resolve(true)));
  });
}

/** Whether Keyward answers there; another program on the port is none of ours. */
export async function isServing({ data }: Addresses): Promise<boolean> {
  const response = await fetch(`${data}/healthz`, { signal: AbortSignal.timeout(2_000) }).catch(
    () => undefined,
  );
  return response?.ok === true;
}
