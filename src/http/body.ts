import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { KeywardError } from '../domain/errors.ts';

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
  if (given !== mediaType && !isMediaType(given, mediaType)) {
    throw new KeywardError('unsupported_media_type', `send the body as ${mediaType}`);
  }
  const coding = headers['content-encoding'] ?? 'identity';
  if (coding.toLowerCase() !== 'identity') {
    throw new KeywardError('unsupported_media_type', 'send the body without a content coding');
  }
}

/** Of the parameters, only a charset is heeded, and it can only be UTF-8. */
function isMediaType(given: string, mediaType: string): boolean {
  const [type = '', ...parameters] = given
    .toLowerCase()
    .split(';')
    .map((part) => part.trim());
  return type === mediaType && parameters.every((parameter) => !/^charset=(?!"?utf-8"?$)/.test(parameter));
}

/** What the bodies under way may take together, in this process: 16 of the largest. */
export const MOST_BYTES_HELD = 128 * 1024 * 1024;
let bytesHeld = 0;

/** What comes after the last byte allowed is dropped unread, until the connection's own time is over. */
function readBytes(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    let settled = false;
    const settle = (how: () => void) => {
      if (settled) return;
      settled = true;
      bytesHeld -= length;
      how();
      chunks.length = 0;
    };
    const cutShort = (cause?: Error) =>
      settle(() => reject(new KeywardError('request_timeout', 'the body did not arrive in full', { cause })));
    if (request.destroyed) return cutShort();
    request.on('data', (chunk: Buffer) => {
      if (settled) return;
      length += chunk.length;
      bytesHeld += chunk.length;
      if (length > maxBytes) settle(() => reject(tooLarge(maxBytes)));
      else if (bytesHeld > MOST_BYTES_HELD) settle(() => reject(tooMuchAtOnce()));
      else chunks.push(chunk);
    });
    const whole = () => (chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks));
    request.once('end', () => settle(() => resolve(whole())));
    request.once('error', cutShort);
    request.once('close', cutShort);
  });
}

function tooMuchAtOnce(): KeywardError {
  return new KeywardError('overloaded', 'too many large bodies are under way; try again');
}

function tooLarge(maxBytes: number): KeywardError {
  return new KeywardError('body_too_large', `the body may take ${maxBytes} bytes`);
}
