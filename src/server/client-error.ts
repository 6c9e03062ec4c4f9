import { type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { type ErrorCode, KeywardError } from '../kernel/errors.ts';
import { PROBLEMS, problemDocument } from './problem.ts';
import { requestIdOf } from './request-id.ts';
import type { ListenerHooks } from './listener.ts';

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
