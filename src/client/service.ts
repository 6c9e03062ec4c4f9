import { ServiceFailure } from './errors.ts';

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/**
 * The base of all requests. Throws a `TypeError` for anything but http and https, and for plain http to another
 * machine where a credential would travel in clear.
 */
export function serviceUrl(given: string | URL, { withCredential }: { withCredential: boolean }): URL {
  if (!URL.canParse(String(given))) throw new TypeError('url: use the URL of the data plane');
  const url = new URL(given);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw new TypeError('url: use https');
  if (url.username !== '' || url.password !== '') throw new TypeError('url: leave out user and password');
  if (withCredential && url.protocol === 'http:' && !LOOPBACK.test(url.hostname)) {
    throw new TypeError('url: use https; over plain http to another machine anybody can read the credential');
  }
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url;
}

/** A credential of a client, or a function that is asked for it at each request. */
export type Credential = string | (() => string | Promise<string>);

interface ServiceOptions {
  /** Of the data plane, such as `https://keys.example.com`. */
  readonly url: string | URL;
  readonly credential?: Credential | undefined;
  readonly fetch?: typeof fetch | undefined;
}

interface Call {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** Sent as JSON; a text is JSON already. */
  readonly body?: object | string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Media types that the answer may have. */
  readonly accept: readonly string[];
  readonly maxBytes: number;
  readonly deadlineMs: number;
  readonly signal?: AbortSignal | undefined;
}

type Opening = Omit<Call, 'maxBytes' | 'deadlineMs'>;

export interface Answer {
  readonly headers: Headers;
  readonly text: string;
}

/** The data plane, asked with a deadline and a limit on everything that is read. */
export class Service {
  readonly #url: URL;
  readonly #credential: Credential | undefined;
  readonly #fetch: typeof fetch;

  constructor({ url, credential, fetch: fetchFunction = fetch }: ServiceOptions) {
    this.#url = serviceUrl(url, { withCredential: credential !== undefined });
    this.#credential = credential;
    this.#fetch = fetchFunction;
  }

  get hasCredential(): boolean {
    return this.#credential !== undefined;
  }

  /** `ServiceFailure` for everything but a 2xx answer of an accepted type, in time and size. */
  async call(call: Call): Promise<Answer> {
    const deadline = AbortSignal.timeout(call.deadlineMs);
    const signal = call.signal ? AbortSignal.any([deadline, call.signal]) : deadline;
    try {
      const response = await this.open(call, signal);
      return { headers: response.headers, text: await readText(response, call.maxBytes, signal) };
    } catch (error) {
      if (error instanceof ServiceFailure) throw error;
      const message = deadline.aborted
        ? `no answer within ${call.deadlineMs} ms`
        : 'the service does not answer';
      throw new ServiceFailure(message, { cause: error });
    }
  }

  /** The answer with its body unread; for streams. `chunksOf` reads it. */
  open(call: Opening, signal: AbortSignal): Promise<Response> {
    return untilAborted(signal, () => this.#open(call, signal));
  }

  async #open({ method, path, body, headers, accept }: Opening, signal: AbortSignal): Promise<Response> {
    const authorization = await this.#authorization();
    signal.throwIfAborted();
    const response = await this.#fetch(new URL(path, this.#url), {
      method,
      redirect: 'error',
      signal,
      headers: {
        accept: accept.join(', '),
        ...authorization,
        ...headers,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    if (!response.ok) throw await refusalIn(response, signal);
    const type = (response.headers.get('content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
    // Whoever asked has given up, and would never read the body.
    if (accept.includes(type) && !signal.aborted) return response;
    await response.body?.cancel();
    throw new ServiceFailure(`the answer is ${type || 'of no type'}, not ${accept[0]}`, {
      status: response.status,
    });
  }

  async #authorization(): Promise<Record<string, string>> {
    const held = this.#credential;
    if (held === undefined) return {};
    return { authorization: `Bearer ${typeof held === 'string' ? held : await held()}` };
  }
}

const MAX_PROBLEM_BYTES = 16 * 1024;

async function refusalIn(response: Response, signal: AbortSignal): Promise<ServiceFailure> {
  const { status, headers } = response;
  const seconds = retryAfterIn(headers);
  const { code, detail } = await problemIn(response, signal);
  return new ServiceFailure(detail ?? `the service answered ${status}`, {
    status,
    ...(code === undefined ? {} : { code }),
    ...(seconds === undefined ? {} : { retryAfterSeconds: seconds }),
  });
}

const MOST_RETRY_AFTER_SECONDS = 60;

/** Whole seconds (RFC 9110 §10.2.3), 60 at most: an answer must not silence a verifier. A date counts as nothing. */
function retryAfterIn(headers: Headers): number | undefined {
  const given = headers.get('retry-after') ?? '';
  if (!/^\d{1,10}$/.test(given)) return undefined;
  return Math.min(Number(given), MOST_RETRY_AFTER_SECONDS);
}

/** Of a problem document (RFC 9457), or of an OAuth endpoint's error (RFC 6749 §5.2). */
async function problemIn(
  response: Response,
  signal: AbortSignal,
): Promise<{ code?: string; detail?: string }> {
  try {
    const told = JSON.parse(await readText(response, MAX_PROBLEM_BYTES, signal));
    const { code = told.error, detail = told.error_description } = told;
    return {
      ...(typeof code === 'string' ? { code } : {}),
      ...(typeof detail === 'string' ? { detail } : {}),
    };
  } catch {
    return {};
  }
}

async function readText(response: Response, maxBytes: number, signal: AbortSignal): Promise<string> {
  const { status } = response;
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunksOf(response, signal)) {
    length += chunk.length;
    if (length > maxBytes) throw new ServiceFailure(`the answer exceeds ${maxBytes} bytes`, { status });
    chunks.push(chunk);
  }
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.concat(chunks));
}

/** The body until its end or the signal, which a `fetch` of the caller's may not heed. */
export async function* chunksOf({ body }: Response, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const reader = body?.getReader();
  if (!reader) return;
  try {
    for (;;) {
      const { done, value } = await untilAborted(signal, () => reader.read());
      if (done) return;
      yield value;
    }
  } finally {
    reader.cancel().catch(() => undefined);
  }
}

/** Fails as the signal does once it is aborted, whether or not the work ends. */
function untilAborted<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort);
    work()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', abort));
  });
}
