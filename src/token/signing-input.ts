import { hash } from 'node:crypto';
import type { Algorithm } from '../kernel/algorithm.ts';

interface JoseHeader {
  readonly alg: Algorithm;
  readonly typ: string;
  readonly kid: string;
}

const MAX_CACHED_HEADERS = 4_096;
const segments = new Map<string, string>();

/**
 * `header.claims` of RFC 7515 §5.1, ready to be signed. `claimsJson` is taken as it is. jose signs with keys in memory
 * only, and an HSM gives a bare signature.
 */
export function composeSigningInput(header: JoseHeader, claimsJson: string): string {
  return `${headerSegment(header)}.${encode(claimsJson)}`;
}

/** SHA-256 of the signing input: the name of a token in the ledger. Never made of the whole token. */
export function digestOf(signingInput: string): Buffer {
  return hash('sha256', signingInput, 'buffer');
}

function headerSegment({ alg, typ, kid }: JoseHeader): string {
  const name = `${alg} ${typ} ${kid}`;
  const known = segments.get(name);
  if (known !== undefined) return known;
  const segment = encode(JSON.stringify({ alg, typ, kid }));
  if (segments.size >= MAX_CACHED_HEADERS) segments.clear();
  segments.set(name, segment);
  return segment;
}

function encode(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64url');
}
