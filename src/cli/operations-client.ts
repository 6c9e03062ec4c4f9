import { existsSync } from 'node:fs';
import { isLoopbackHost, withoutBrackets } from '../lib/address.ts';
import { didYouMean } from '../lib/did-you-mean.ts';
import { printable } from '../lib/html.ts';
import type { Context, Terminal } from './context.ts';
import { chosenContext } from './contexts.ts';
import { operatorCredential } from './credentials.ts';
import { CommandFailure, EXIT, usageFailure } from './failure.ts';
import { readAuthorities } from './input-file.ts';
import { unreachable } from './unreachable.ts';
import { whileWaiting } from './waiting.ts';

const DEFAULT_URL = 'http://127.0.0.1:9090';

/** `--url`, else KEYWARD_OPERATIONS_URL, else the configuration file's operations plane, else `otherwise`. */
export async function operationsUrl(context: Context, otherwise = DEFAULT_URL): Promise<URL> {
  const named = chosenContext(context)?.url ?? context.options.url ?? context.environment.operationsUrl;
  const url = parseUrl(named ?? (await configuredOrigin(context.configFile)) ?? otherwise);
  refusePlainHttp(url);
  return url;
}

function refusePlainHttp(url: URL): void {
  if (url.protocol === 'https:' || isLoopbackHost(withoutBrackets(url.hostname))) return;
  throw usageFailure(`${url.origin}: a credential is sent over https only, or to loopback`);
}

/** An http or https URL. */
export function parseUrl(url: string): URL {
  if (!URL.canParse(url) || !/^https?:/.test(url)) throw usageFailure(`${url} is not an http or https URL`);
  return new URL(url);
}

/** Where the configuration has the operations plane listen; undefined without the file. */
export async function configuredOrigin(
  file: string,
  plane: 'operations_plane' | 'data_plane' = 'operations_plane',
): Promise<string | undefined> {
  if (!existsSync(file)) return undefined;
  const { loadConfig } = await import('../config.ts');
  const { host, port, tls } = loadConfig(file)[plane];
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
  const { url, credential, file } = await prepare(context);
  return operationsAt(url, credential, { file, terminal: context.terminal });
}

/** Which service a command is for, and with which credential; the CA file of a context is in force from then on. */
export async function prepare(context: Context) {
  const { credential, origin, file } = operatorCredential(context);
  const url = await operationsUrl(context, origin);
  if (url.origin !== origin) {
    throw usageFailure(
      `the credential in ${file} is for ${origin}, so nothing was sent to ${url.origin}; name another file with --credential-file`,
    );
  }
  const chosen = chosenContext(context);
  if (chosen?.ca_file) await trustOnly(chosen.ca_file, chosen.name);
  return { url, credential, file, context: chosen?.name ?? null };
}

/** For every later connection of this process. */
async function trustOnly(caFile: string, name: string): Promise<void> {
  if (!existsSync(caFile)) throw usageFailure(`context ${name}: its CA file ${caFile} is gone`);
  const { setDefaultCACertificates } = await import('node:tls');
  setDefaultCACertificates([readAuthorities(caFile)]);
}

/** What is said beside a refusal, and while an answer is awaited. */
interface Caller {
  /** Where the credential is from. */
  readonly file: string;
  readonly terminal: Pick<Terminal, 'progress'>;
}

/** A path of the URL goes before each request's. Failures are `CommandFailure`s: the service's refusal with its code, or that it cannot be reached. */
export function operationsAt(url: URL, credential: string, caller?: Caller): CallService {
  return callsAt(url, 'operations', credential, caller);
}

/** The same for what clients ask for, below `/v1`. */
export function dataPlaneAt(url: URL, credential: string, caller?: Caller): CallService {
  refusePlainHttp(url);
  return callsAt(url, 'data', credential, caller);
}

const BELOW = { operations: 'v1/admin', data: 'v1' } as const;
type Plane = keyof typeof BELOW;

function callsAt(url: URL, plane: Plane, credential: string, caller?: Caller): CallService {
  const authorization = `Bearer ${credential}`;
  const base = url.pathname.endsWith('/') ? url.pathname : `${url.pathname}/`;
  const call = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const request = send(new URL(`${base}${BELOW[plane]}${path}`, url), {
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
    const response = await whileWaiting(request, `waiting for ${url.origin}`, caller?.terminal.progress);
    const answer = await read(response);
    if (response.ok) return answer as T;
    const other = plane === 'data' ? 'operations' : 'data';
    if (response.status === 404 && (await isPlane(other, new URL(base, url)))) throw wrongPlane(url, other);
    const asked = { path, body, file: caller?.file };
    throw refusal(response.status, answer, {
      ...named(asked),
      ...(await unknownName(answer, asked, plane, call)),
    });
  };
  return call;
}

async function send(url: URL, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (error) {
    throw unreachable(url, error);
  }
}

/** What the operations plane answers to anybody, beside `/v1/admin`: with its status, whatever that is. */
export async function askOpenly(
  url: URL,
  path: string,
): Promise<{ readonly ok: boolean; readonly text: string }> {
  const base = url.pathname.endsWith('/') ? url.pathname : `${url.pathname}/`;
  const response = await send(new URL(`${base}${path}`, url), {
    redirect: 'error',
    signal: AbortSignal.timeout(DEADLINE_MS),
  });
  return { ok: response.ok, text: await response.text() };
}

const DESCRIPTION = 'openapi.json';

/** Each plane describes itself; one that does not is no data plane for all that is known. */
async function isPlane(plane: Plane, base: URL): Promise<boolean> {
  try {
    const response = await fetch(new URL(DESCRIPTION, base), { signal: AbortSignal.timeout(DEADLINE_MS) });
    const description = (await response.json()) as { readonly 'x-keyward-plane'?: unknown };
    return description['x-keyward-plane'] === plane;
  } catch {
    return false;
  }
}

function wrongPlane({ origin }: URL, is: Plane): CommandFailure {
  return new CommandFailure(
    EXIT.failed,
    'wrong_plane',
    is === 'data'
      ? `${origin} is the data plane, which takes no operations; name the operations plane with --url`
      : `${origin} is the operations plane, which signs and verifies nothing; name the data plane with --data-url`,
  );
}

interface Asked {
  readonly path: string;
  readonly body: unknown;
  readonly file: string | undefined;
}

/** What a refusal is about, in the words of who called: the service names no more than it must. */
function named({ file }: Asked): Readonly<Record<string, string>> {
  if (file === undefined) return {};
  return {
    credential_invalid: `the credential in ${file} is not valid here: it was replaced, revoked or never enrolled`,
  };
}

const NOUNS = { unknown_scope: 'scope', unknown_client: 'client' } as const;

/** Which name is unknown, and which one may be meant: of those that the caller may list. */
async function unknownName(
  answer: unknown,
  { path, body }: Asked,
  plane: Plane,
  call: CallService,
): Promise<Readonly<Record<string, string>>> {
  const { code } = answer as { readonly code?: keyof typeof NOUNS };
  const noun = code && Object.hasOwn(NOUNS, code) ? NOUNS[code] : undefined;
  if (code === undefined || noun === undefined) return {};
  const { [noun]: inBody } = (body ?? {}) as Readonly<Record<string, unknown>>;
  const inPath = new RegExp(`^/${noun}s/([^/?]+)|[?&]${noun}=([^&]+)`).exec(path);
  const name = inPath?.[1] ?? inPath?.[2] ?? (typeof inBody === 'string' ? inBody : undefined);
  if (name === undefined) return {};
  const written = decodeURIComponent(name);
  const meant = plane === 'operations' ? didYouMean(written, await idsOf(noun, call)) : undefined;
  const advice = meant === undefined ? `see: keyward ${noun} list` : `did you mean ${meant}?`;
  return { [code]: `there is no ${noun} ${written}; ${advice}` };
}

async function idsOf(noun: 'scope' | 'client', call: CallService): Promise<readonly string[]> {
  try {
    const answer = await call<Readonly<Record<string, readonly { readonly id: string }[]>>>(
      'GET',
      `/${noun}s`,
    );
    return (answer[`${noun}s`] ?? []).map(({ id }) => id);
  } catch {
    return [];
  }
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

function refusal(
  status: number,
  answer: unknown,
  inOurWords: Readonly<Record<string, string>>,
): CommandFailure {
  const { code, detail, request_id } = answer as { code?: unknown; detail?: unknown; request_id?: unknown };
  return new CommandFailure(
    EXIT.failed,
    typeof code === 'string' ? printable(code) : `http_${status}`,
    printable(
      (typeof code === 'string' ? inOurWords[code] : undefined) ??
        (typeof detail === 'string' ? detail : `the service answered ${status}`),
    ),
    typeof request_id === 'string' ? printable(request_id) : undefined,
  );
}

/** The path with the options that were given, as its query. */
export function withQuery(path: string, options: object): string {
  const asked = Object.entries(options).map(([name, value]): [string, string] => [name, String(value)]);
  const query = new URLSearchParams(asked).toString();
  return query === '' ? path : `${path}?${query}`;
}
