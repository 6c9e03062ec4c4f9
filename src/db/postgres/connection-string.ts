import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import { KeywardError } from '../../kernel/errors.ts';
import { isLoopbackHost, withoutBrackets } from '../../lib/address.ts';
import type { PostgresSettings } from '../database-settings.ts';

export interface ServerAddress {
  /** A name, an address, or the folder of a Unix socket. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** Not given where the server asks for none. */
  readonly password: string | undefined;
  readonly database: string;
  /** Undefined: not encrypted. */
  readonly tls: ConnectionOptions | undefined;
}

const TLS_FILES = { sslrootcert: 'ca', sslcert: 'cert', sslkey: 'key' } as const;
const PARAMETERS = new Set(['host', 'port', 'user', 'password', 'sslmode', ...Object.keys(TLS_FILES)]);
/** Of libpq's, those after which it is known who answers, or that say plainly that nothing is encrypted. */
const SSL_MODES = ['verify-full', 'verify-ca', 'disable'] as const;
/** libpq takes a user without a host, Node's URL does not. */
const NO_HOST = 'none.invalid';
type SslMode = (typeof SSL_MODES)[number];

/**
 * Reads `postgres://user:password@host:port/database?sslmode=…&sslrootcert=…`, as libpq has it; `host` may be the folder
 * of a Unix socket. No variable of the environment counts.
 *
 * - TCP is encrypted and the server's certificate verified with its name (`verify-full`), by `sslrootcert` (a file of PEM)
 *   or, without it, by the authorities that Node knows. `verify-ca` leaves out the name, and wants `sslrootcert`.
 * - Plain TCP is for loopback, where it is the default; for another host `sslmode=disable` has to say so.
 * - `prefer`, `allow` and `require` are refused: they do not find out who answers.
 *
 * `invalid_config`, which never quotes the string: it holds a password.
 */
export function readConnectionString(text: string): ServerAddress {
  const url = urlOf(text.trim());
  const parameter = parametersOf(url);
  const host = parameter('host') ?? hostOf(url);
  const port = Number(parameter('port') ?? (url.port || 5432));
  const user = parameter('user') ?? decoded(url.username);
  const password = parameter('password') ?? decoded(url.password);
  const database = decoded(url.pathname.slice(1));
  if (host.includes(',')) throw refused('names several hosts; name one');
  for (const [name, value] of Object.entries({ host, user, database }))
    if (value === '') throw refused(`names no ${name}`);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw refused('has a port that is none');
  return { host, port, user, password: password || undefined, database, tls: tlsFor(host, parameter) };
}

/** Of the file that the settings name, as it is now. `invalid_config`. */
export function readAddress({ url_file }: PostgresSettings): ServerAddress {
  let text: string;
  try {
    text = readFileSync(url_file, 'utf8');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new KeywardError('invalid_config', `database.url_file: ${url_file} cannot be read (${code})`, {
      cause,
    });
  }
  return readConnectionString(text);
}

type Parameter = (name: string) => string | undefined;

function urlOf(text: string): URL {
  const url = URL.parse(text.replace(/^(postgres(?:ql)?:\/\/[^/?#]*@)\//, `$1${NO_HOST}/`));
  if (url === null || !/^postgres(?:ql)?:$/.test(url.protocol))
    throw refused('is no URL of the form postgres://user:password@host:port/database');
  return url;
}

function hostOf({ hostname }: URL): string {
  return hostname === NO_HOST ? '' : withoutBrackets(decoded(hostname));
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw refused('has a % that is not followed by two hexadecimal digits');
  }
}

function parametersOf(url: URL): Parameter {
  for (const name of url.searchParams.keys()) {
    if (!PARAMETERS.has(name)) throw refused(`has the parameter ${name}, which is not known`);
  }
  return (name) => url.searchParams.get(name) ?? undefined;
}

function tlsFor(host: string, parameter: Parameter): ConnectionOptions | undefined {
  const mode = sslMode(host, parameter('sslmode'));
  if (mode === 'disable') return undefined;
  if (host.startsWith('/')) throw refused(`has sslmode=${mode}, which a Unix socket cannot have`);
  const files = Object.entries(TLS_FILES).flatMap(([name, option]) => {
    const file = parameter(name);
    return file === undefined ? [] : [[option, readPem(name, file)]];
  });
  if (mode === 'verify-full') return Object.fromEntries(files);
  if (parameter('sslrootcert') === undefined) throw refused('has sslmode=verify-ca without sslrootcert');
  return { ...Object.fromEntries(files), checkServerIdentity: () => undefined };
}

function sslMode(host: string, named: string | undefined): SslMode {
  if (named === undefined) return host.startsWith('/') || isLoopbackHost(host) ? 'disable' : 'verify-full';
  const mode = SSL_MODES.find((each) => each === named);
  if (mode === undefined) throw refused(`has sslmode=${named}; use one of ${SSL_MODES.join(', ')}`);
  return mode;
}

function readPem(name: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new KeywardError('invalid_config', `database.url_file: ${name} cannot be read`, { cause });
  }
}

function refused(reason: string): KeywardError {
  return new KeywardError('invalid_config', `database.url_file: the connection string ${reason}`);
}
