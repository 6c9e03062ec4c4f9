import { parseSigningInput } from '../token/parse-token.ts';
import { digestOf } from '../token/signing-input.ts';
import type { Recogniser, Sight } from './finding.ts';

/** Segments of base64url joined by dots: as many as there are, so that each is looked at once. */
const CHAIN = /(?<![A-Za-z0-9_-])[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+){2,}/g;
/** How a JSON object with a quoted name begins. */
const OBJECT = 'eyJ';
const LEAST_SIGNATURE = 32;
/** What stands before the header without a delimiter may look like the beginning of one. */
const BEGINNINGS_TRIED = 8;

/**
 * What could be a token of Keyward's: a compact JWS as strict as ours, with `kid` and `iat`. Whether it is one
 * is for the ledger to say, which is asked by digest.
 */
export const tokens: Recogniser = {
  needles: [`.${OBJECT}`],
  *find(text) {
    for (const { 0: chain, index } of text.matchAll(CHAIN)) {
      let at = index;
      const segments = chain.split('.');
      for (const [place, segment] of segments.entries()) {
        const [claims = '', signature = ''] = segments.slice(place + 1, place + 3);
        if (claims.startsWith(OBJECT) && signature.length >= LEAST_SIGNATURE) {
          yield* tokenIn(segment, claims, at);
        }
        at += segment.length + 1;
      }
    }
  },
};

function* tokenIn(segment: string, claims: string, at: number): Generator<{ at: number; sight: Sight }> {
  let start = segment.indexOf(OBJECT);
  for (let tried = 0; start >= 0 && tried < BEGINNINGS_TRIED; tried++) {
    const sight = readToken(`${segment.slice(start)}.${claims}`);
    if (sight) {
      yield { at: at + start, sight };
      return;
    }
    start = segment.indexOf(OBJECT, start + 1);
  }
}

/** What stands behind a signature may look like more of it, so that is not read: the digest does not cover it. */
function readToken(signingInput: string): Sight | undefined {
  const parsed = parseSigningInput(signingInput);
  if (!parsed.ok) return undefined;
  const { iat, exp } = parsed.token.claims;
  if (typeof iat !== 'number' || !Number.isSafeInteger(Math.floor(iat))) return undefined;
  return {
    kind: 'token',
    secret: signingInput,
    digest: digestOf(signingInput),
    iat: Math.floor(iat),
    exp: typeof exp === 'number' ? exp : null,
  };
}
