import type { Recogniser } from './finding.ts';

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
