import { createHash } from 'node:crypto';
import type { PublishedDocument } from '../domain/publication.ts';

/** With a strong entity tag that follows the content. */
export function publish(contentType: string, body: string, maxAgeSeconds: number): PublishedDocument {
  const etag = `"${createHash('sha256').update(body).digest('base64url')}"`;
  return { contentType, body, etag, maxAgeSeconds };
}
