import type { Publication, PublishedDocument } from '../../../src/kernel/publication.ts';

const document = (contentType: string, body: string): PublishedDocument => ({
  contentType,
  body,
  etag: '"tag-1"',
  maxAgeSeconds: 300,
});

/** An empty key set, plain and signed; discovery only where `describe` gives it. */
export const publishing = (describe: () => string | undefined = () => undefined): Publication => ({
  keySet: () => document('application/jwk-set+json', '{"keys":[]}'),
  signedKeySet: async () => document('application/jwk-set+jwt', 'a.b.c'),
  openidConfiguration() {
    const body = describe();
    return body === undefined ? undefined : document('application/json', body);
  },
});
