import { credentialsIn } from '../kernel/credential.ts';
import { parseSigningInput } from '../token/parse-token.ts';
import { digestOf } from '../token/signing-input.ts';
import type { Recogniser, Sight } from './finding.ts';
import { isOwnStatement } from './own-statement.ts';

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
    isStatement: isOwnStatement(parsed.token),
  };
}

/** Keyward's own credentials, by prefix and checksum. */
export const credentials: Recogniser = {
  needles: ['kw_svc_', 'kw_ops_'],
  *find(text) {
    for (const { at, kind: of, text: secret } of credentialsIn(text)) {
      yield { at, sight: { kind: 'credential', of, secret } };
    }
  },
};

/** Braces, and `"d": "…"` and `"kty": "…"` as JSON, as JSON within a string, and as JavaScript writes them. */
const BRACE_OR_MEMBER =
  /[{}]|(?<![A-Za-z0-9_])\\{0,8}["']?(?:d\\{0,8}["']?\s{0,8}:\s{0,8}\\{0,8}["']([A-Za-z0-9_-]{22,1400})|kty\\{0,8}["']?\s{0,8}:\s{0,8}\\{0,8}["'](RSA|EC|OKP|AKP))\\{0,8}["']/g;
/** Between the two members, in characters. The largest RSA keys in use are half as long. */
const REACH = 8_192;

interface Member {
  readonly at: number;
  readonly end: number;
  readonly value: string;
}

/** The members of one object, without those of its inner objects, in order. */
interface JsonObject {
  readonly types: Member[];
  /** Those of `types` before it are out of reach of what is still to come. */
  nearest: number;
}

/** Private JSON Web Keys (RFC 7517): an object with `kty` and `d`. */
export const jwkKeys: Recogniser = {
  needles: ['kty'],
  *find(text) {
    for (const { object, ...member } of privateMembers(text)) {
      const type = typeOf(member, object);
      if (type === undefined) continue;
      const { at, value: secret } = member;
      yield {
        at,
        sight: { kind: 'private_key', format: 'jwk', label: `${type} JWK`, encrypted: false, secret },
      };
    }
  },
};

/** In one pass, which ends before the first is looked at: a type may stand behind its key. */
function privateMembers(text: string): (Member & { object: JsonObject })[] {
  const found: (Member & { object: JsonObject })[] = [];
  const around: JsonObject[] = [];
  let object: JsonObject = { types: [], nearest: 0 };
  for (const { 0: all, 1: secret, 2: type, index: at } of text.matchAll(BRACE_OR_MEMBER)) {
    const end = at + all.length;
    if (secret !== undefined) found.push({ at, end, value: secret, object });
    else if (type !== undefined) object.types.push({ at, end, value: type });
    else if (all === '{') {
      around.push(object);
      object = { types: [], nearest: 0 };
    } else object = around.pop() ?? { types: [], nearest: 0 };
  }
  return found;
}

function typeOf({ at, end }: Member, object: JsonObject): string | undefined {
  const { types } = object;
  while ((types[object.nearest]?.end ?? at) < at - REACH) object.nearest += 1;
  const type = types[object.nearest];
  return type && type.at <= end + REACH ? type.value : undefined;
}
