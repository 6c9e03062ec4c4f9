import type { IncomingMessage } from 'node:http';
import { KeywardError } from '../kernel/errors.ts';
import { readText } from './body.ts';

const MEDIA_TYPE = 'application/x-www-form-urlencoded';

/**
 * The parameters of an OAuth request. One without a value counts as left out, unknown ones are ignored, and one
 * that stands twice is refused as `invalid_request` (RFC 6749 §3.2).
 */
export async function readForm(
  request: IncomingMessage,
  maxBytes: number,
): Promise<ReadonlyMap<string, string>> {
  const form = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(await readText(request, MEDIA_TYPE, maxBytes))) {
    if (value === '') continue;
    if (form.has(name)) throw new KeywardError('invalid_request', 'a parameter stands twice');
    form.set(name, value);
  }
  return form;
}
