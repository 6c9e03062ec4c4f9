import { lookup } from 'node:dns/promises';
import { isIP, type ListenOptions, type Server } from 'node:net';
import { KeywardError } from '../kernel/errors.ts';

interface Address {
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
}

/**
 * Connections that wait to be accepted, while a service restarts or many callers begin at once; the system has a limit of
 * its own. Past Node's 511 the rest try again after 1 s, 3 s and 7 s.
 */
const BACKLOG = 4_096;

/**
 * Listens at the address, or on the socket of that descriptor if it has this address, and answers the port.
 * `invalid_config` where the address is not to be had, or the socket has another.
 */
export function bind(server: Server, address: Address, descriptor?: number): Promise<number> {
  return descriptor === undefined ? bound(server, address) : taken(server, address, descriptor);
}

async function taken(server: Server, config: Address, descriptor: number): Promise<number> {
  const { host, port } = config;
  await listening(server, { fd: descriptor }, 'the socket of the service manager cannot be used');
  const address = server.address();
  const is = typeof address === 'object' && address ? address : undefined;
  const hosts = isIP(host) ? [host] : (await lookup(host, { all: true })).map((each) => each.address);
  if (is && hosts.some((each) => sameAddress(each, is.address)) && (port === 0 || port === is.port))
    return is.port;
  server.close();
  const where = is ? `${is.address} port ${is.port}` : 'no TCP address';
  throw new KeywardError(
    'invalid_config',
    `the socket of the service manager has ${where}, the configuration ${host} port ${port}: give both the same`,
  );
}

function sameAddress(one: string, other: string): boolean {
  return canonical(one) === canonical(other);
}

/** Of IPv6 there are many spellings. */
function canonical(address: string): string {
  return isIP(address) === 6 ? new URL(`http://[${address}]`).hostname : address;
}

async function bound(server: Server, config: Address): Promise<number> {
  const { host, port } = config;
  await listening(server, { host, port }, `cannot listen on ${host}:${port}`);
  const address = server.address();
  return typeof address === 'object' && address ? address.port : port;
}

function listening(server: Server, options: ListenOptions & { fd?: number }, failure: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (cause: Error) => reject(new KeywardError('invalid_config', failure, { cause }));
    server.once('error', failed);
    server.listen({ ...options, backlog: BACKLOG }, () => {
      server.off('error', failed);
      resolve();
    });
  });
}
