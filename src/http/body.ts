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

/** What comes after the last byte allowed is dropped unread, until the connection's own time is over. */
function readBytes(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const cutShort = (cause?: Error) =>
      reject(new KeywardError('request_timeout', 'the body did not arrive in full', { cause }));
    if (request.destroyed) return cutShort();
    const chunks: Buffer[] = [];
    let length = 0;
    request.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length <= maxBytes) chunks.push(chunk);
      else {
        chunks.length = 0;
        reject(tooLarge(maxBytes));
      }
    });
    request.once('end', () => resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)));
    request.once('error', cutShort);
  });
}

function tooLarge(maxBytes: number): KeywardError {
  return new KeywardError('body_too_large', `the body may take ${maxBytes} bytes`);
}
