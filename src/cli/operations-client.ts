import { existsSync } from 'node:fs';
import { isLoopbackHost, withoutBrackets } from '../lib/address.ts';
import { printable } from '../lib/html.ts';
import { errorMessage } from '../lib/text.ts';
import type { Context } from './context.ts';
import { operatorCredential } from './credentials.ts';
import { CommandFailure, EXIT, usageFailure } from './failure.ts';

const DEFAULT_URL = 'http://127.0.0.1:9090';

/** `--url`, else KEYWARD_OPERATIONS_URL, else the configuration file's operations plane, else `otherwise`. */
export async function operationsUrl(context: Context, otherwise = DEFAULT_URL): Promise<URL> {
  const named = context.options.url ?? context.environment.operationsUrl;
  const url = parse(named ?? (await configuredOrigin(context.configFile)) ?? otherwise);
  if (url.protocol !== 'https:' && !isLoopbackHost(withoutBrackets(url.hostname))) {
    throw usageFailure(`${url.origin}: a credential is sent over https only, or to loopback`);
  }
  return url;
}

function parse(url: string): URL {
  if (!URL.canParse(url) || !/^https?:/.test(url)) throw usageFailure(`${url} is not an http or https URL`);
  return new URL(url);
}

/** Where the configuration has the operations plane listen; undefined without the file. */
export async function configuredOrigin(file: string): Promise<string | undefined> {
  if (!existsSync(file)) return undefined;
  const { loadConfig } = await import('../config.ts');
  const { host, port, tls } = loadConfig(file).operations_plane;
  const url = `${tls ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}`;
  return new URL(url).origin;
}

/** Making an RSA key may take a small HSM a minute. */
const DEADLINE_MS = 120_000;

/** One request to `/v1/admin`; `body` is what the service answered. */
export type CallService = <T>(
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
  path: string,
  body?: unknown,
) => Promise<T>;

/**
 * Credential and address are settled here, so that a command that lacks them fails before it does anything. The
 * credential goes to its own origin alone.
 */
export async function connect(context: Context): Promise<CallService> {
  const { credential, origin, file } = operatorCredential(context);
  const url = await operationsUrl(context, origin);
  if (url.origin !== origin) {
    throw usageFailure(
      `the credential in ${file} is for ${origin}, so nothing was sent to ${url.origin}; name another file with --credential-file`,
    );
  }
  return operationsAt(url, credential);
}

/** A path of the URL goes before each request's. Failures are `CommandFailure`s: the service's refusal with its code, or that it cannot be reached. */
export function operationsAt(url: URL, credential: string): CallService {
  const authorization = `Bearer ${credential}`;
  const base = url.pathname.endsWith('/') ? url.pathname : `${url.pathname}/`;
  return async <T>(method: string, path: string, body?: unknown) => {
    const response = await send(new URL(`${base}v1/admin${path}`, url), {
      method,
      headers: {
        authorization,
        accept: 'application/json',
        ...(body ? { 'content-type': 'application/json' } : {}),
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
      redirect: 'error',
      signal: AbortSignal.timeout(DEADLINE_MS),
    });
    const answer = await read(response);
    if (!response.ok) throw refusal(response.status, answer);
    return answer as T;
  };
}

async function send(url: URL, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (error) {
    throw new CommandFailure(
      EXIT.unreachable,
      'unreachable',
      `${url.origin} does not answer (${reasonOf(error)}). Is the service running? Start it with: keyward serve`,
    );
  }
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  if (cause instanceof Error) return 'code' in cause ? String(cause.code) : cause.message;
  return errorMessage(error);
}

async function read(response: Response): Promise<unknown> {
  const text = await response.text();
  try {
    return text === '' ? {} : JSON.parse(text);
  } catch {
    const origin = new URL(response.url).origin;
    throw new CommandFailure(EXIT.failed, 'not_keyward', `${origin} does not answer as Keyward does`);
  }
}

function refusal(status: number, answer: unknown): CommandFailure {
  const { code, detail, request_id } = answer as { code?: unknown; detail?: unknown; request_id?: unknown };
  return new CommandFailure(
    EXIT.failed,
    typeof code === 'string' ? printable(code) : `http_${status}`,
    typeof detail === 'string' ? printable(detail) : `the service answered ${status}`,
    typeof request_id === 'string' ? printable(request_id) : undefined,
  );
}

/** The path with the options that were given, as its query. */
export function withQuery(path: string, options: object): string {
  const asked = Object.entries(options).map(([name, value]): [string, string] => [name, String(value)]);
  const query = new URLSearchParams(asked).toString();
  return query === '' ? path : `${path}?${query}`;
}
