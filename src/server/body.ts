import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import type { RejectedSecret } from '../kernel/activity.ts';
import { type ErrorCode, KeywardError } from '../kernel/errors.ts';
import type { ApiRequest, ApiResponse } from './route.ts';

/**
 * The body as text. Refuses before reading: another media type or any content coding
 * (`unsupported_media_type`), an announced length beyond `maxBytes` (`body_too_large`). While reading: one byte
 * too many. Afterwards: what is not UTF-8 (`malformed_json`).
 */
export async function readText(
  request: IncomingMessage,
  mediaType: string,
  maxBytes: number,
): Promise<string> {
  requireMediaType(request, mediaType);
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes);
  const bytes = await readBytes(request, maxBytes);
  if (!isUtf8(bytes)) throw new KeywardError('malformed_json', 'the body is not valid UTF-8');
  return bytes.toString();
}

function requireMediaType({ headers }: IncomingMessage, mediaType: string): void {
  const given = headers['content-type'] ?? '';
  if (given !== mediaType) requireMeaning(given.toLowerCase(), mediaType);
  const coding = headers['content-encoding'] ?? 'identity';
  requireThat(coding.toLowerCase() === 'identity', 'send the body without a content coding');
}

const TOKEN = "[\\w!#$%&'*+.^`|~-]+";
/** RFC 9110 §5.6.6. */
const PARAMETER = new RegExp(`;[ \\t]*(?:(${TOKEN})=(${TOKEN}|"(?:[^"\\\\]|\\\\.)*"))?[ \\t]*`, 'gy');

/** Of the parameters, only a charset is heeded, also where RFC 8187 adds a `*`, and it can only be UTF-8. */
function requireMeaning(given: string, mediaType: string): void {
  const [type = ''] = given.split(';', 1);
  requireThat(type.trim() === mediaType, `send the body as ${mediaType}`);
  let rest = given.length - type.length;
  for (const [parameter, name, value] of given.slice(type.length).matchAll(PARAMETER)) {
    rest -= parameter.length;
    const isCharset = name?.split('*', 1)[0] === 'charset';
    requireThat(!isCharset || /^charset="?utf-8"?$/.test(`${name}=${value}`), 'send the body in UTF-8');
  }
  requireThat(rest === 0, 'write each parameter of Content-Type as name=value, without blanks around the =');
}

function requireThat(holds: boolean, advice: string): void {
  if (!holds) throw new KeywardError('unsupported_media_type', advice);
}

/**
 * What comes after the last byte allowed is dropped unread, until the connection's own time is over. Only who was
 * admitted may send one.
 */
function readBytes(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const { res: response } = request as ApiRequest;
  const { admission } = (response as ApiResponse).locals;
  if (!admission) throw new Error('a body is read of who was not admitted');
  const { budget, holder } = admission;
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    let settled = false;
    const settle = (how: () => void) => {
      if (settled) return;
      settled = true;
      clearTimeout(deadline);
      budget.endBody(holder, length);
      how();
      chunks.length = 0;
    };
    const fail = (error: unknown) => settle(() => reject(error));
    const cutShort = (cause?: Error) =>
      settle(() => reject(new KeywardError('request_timeout', 'the body did not arrive in full', { cause })));
    const tooSlow = () => {
      (response as ApiResponse).shouldKeepAlive = false;
      cutShort();
    };
    budget.beginBody(holder);
    const { bodySeconds } = budget;
    const deadline = bodySeconds === undefined ? undefined : setTimeout(tooSlow, bodySeconds * 1000);
    if (request.destroyed) return cutShort();
    request.on('data', (chunk: Buffer) => {
      if (settled) return;
      length += chunk.length;
      const full = budget.hold(chunk.length);
      if (length > maxBytes) fail(tooLarge(maxBytes));
      else if (full) fail(full);
      else chunks.push(chunk);
    });
    const whole = () => (chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks));
    request.once('end', () => settle(() => resolve(whole())));
    request.once('error', cutShort);
    request.once('close', cutShort);
  });
}

function tooLarge(maxBytes: number): KeywardError {
  return new KeywardError('body_too_large', `the body may take ${maxBytes} bytes`);
}

/** Of a client that is known, and has its share: nobody else's body is taken for it. */
const CODES: ReadonlySet<ErrorCode> = new Set(['grant_missing', 'unknown_scope']);
const USES: ReadonlyMap<string, RejectedSecret['use']> = new Map([
  ['/v1/scopes/{scope}/verify', 'verify'],
  ['/v1/scopes/{scope}/introspect', 'introspect'],
  ['/v1/scopes/{scope}/revoke', 'revoke'],
]);
const MAX_BYTES = 16 * 1024;
const MOST_AT_ONCE = 64;
let underWay = 0;

/**
 * A token that a client shows where it may not is told of once the body is there. The answer is decided, and waits for
 * nothing of it; what does not come in full, or is longer than what these paths take, is not told.
 */
export function observeBody(code: ErrorCode, request: ApiRequest, { locals }: ApiResponse): void {
  const { plane, caller, route, requestId, form } = locals;
  const use = USES.get(route);
  if (!use || caller === undefined || !CODES.has(code)) return;
  const by = { use, caller: `client:${caller}`, remote: request.ip, requestId };
  const onText = (text: string) => plane.callers.rejectedSecret({ text, ...by });
  if (form) onText(form.get('token') ?? '');
  else if (!request.destroyed && underWay < MOST_AT_ONCE) collect(request, onText);
}

function collect(request: ApiRequest, onText: (text: string) => void): void {
  let chunks: Buffer[] | undefined = [];
  let length = 0;
  underWay += 1;
  const end = () => {
    if (!chunks) return;
    chunks = undefined;
    underWay -= 1;
  };
  request.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length > MAX_BYTES) end();
    chunks?.push(chunk);
  });
  request.once('end', () => {
    const text = chunks && Buffer.concat(chunks).toString('latin1');
    end();
    if (text) onText(text);
  });
  request.once('close', end);
}
