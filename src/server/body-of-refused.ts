import type { ErrorCode } from '../kernel/errors.ts';
import type { RejectedSecret } from '../domain/request-observer.ts';
import type { ApiRequest, ApiResponse } from './route.ts';

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
export function tellOfBody(code: ErrorCode, request: ApiRequest, { locals }: ApiResponse): void {
  const { plane, caller, route, requestId, form } = locals;
  const use = USES.get(route);
  if (!use || caller === undefined || !CODES.has(code)) return;
  const by = { use, caller: `client:${caller}`, remote: request.ip, requestId };
  const tell = (text: string) => plane.callers.rejectedSecret({ text, ...by });
  if (form) tell(form.get('token') ?? '');
  else if (!request.destroyed && underWay < MOST_AT_ONCE) collect(request, tell);
}

function collect(request: ApiRequest, tell: (text: string) => void): void {
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
    if (text) tell(text);
  });
  request.once('close', end);
}
