/** Printable ASCII without capitals and blanks: such a name folds to itself. */
const FOLDED = /^[!-@[-~]*$/;
/** Control, format and zero-width characters, and whatever else is shown as nothing. */
const IGNORED = /[\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}]/gu;

/** Whether each of the names folds to itself, as most do: no two are alike then. */
export function areFolded(names: readonly string[]): boolean {
  return FOLDED.test(names.join(''));
}

/**
 * What is left of a member's name for a reader that ignores case, blanks around it, characters that are not shown
 * and other spellings of one character: equal for any two names that such a reader may take for one. Wider than
 * each of them: Unicode's NFKC_Casefold, and the `ı` and `İ` that some upper- and lower-casing maps to `i`.
 */
export function foldName(name: string): string {
  if (FOLDED.test(name)) return name;
  return name
    .normalize('NFKD')
    .replace(IGNORED, '')
    .toLowerCase()
    .toUpperCase()
    .toLowerCase()
    .replace(/i\u0307+/g, 'i')
    .normalize('NFKC')
    .trim();
}

const namesIn = (text: string): readonly string[] => text.trim().split(/\s+/);

/**
 * Claims that say who acts, for whom, for how long and how it is proven: RFC 7519 §4.1, RFC 7800 §3.1, RFC 8693 §4,
 * RFC 9068 §2.2, OpenID Connect Core §2. They also stand in what is nested, such as `act`.
 */
const DECISIVE_CLAIMS = namesIn(`
  iss sub aud exp nbf iat jti client_id scope act may_act cnf auth_time acr amr azp nonce sid
`);

/** Others of the IANA registry "JSON Web Token Claims" that name a user, or what one may do. */
const OTHER_CLAIMS = namesIn(`
  name given_name family_name middle_name nickname preferred_username profile picture website
  email email_verified gender birthdate zoneinfo locale phone_number phone_number_verified address
  updated_at at_hash c_hash s_hash sub_jwk sub_id roles groups entitlements authorization_details
  events toe txn vot vtm status htm htu ath active username token_introspection verified_claims
  vct vc vp _claim_names _claim_sources
`);

/** Of the IANA registry "JSON Web Signature and Encryption Header Parameters". */
const HEADER_PARAMETERS = namesIn(`
  alg jku jwk kid x5u x5c x5t x5t#S256 typ cty crit b64 zip enc epk apu apv iv tag p2s p2c iss sub
  aud ppt url nonce svt
`);

/** Of `cnf`: RFC 7800 §3, RFC 8705 §3.1, RFC 9449 §6.1, RFC 9203 §3.2.1. */
const CONFIRMATION_METHODS = namesIn('jwk jwe kid jku jkt x5t#S256 osc');

/** Of each object in `authorization_details`: RFC 9396 §2. */
const AUTHORIZATION_DETAILS = namesIn('type locations actions datatypes identifier privileges');

const byFold = (registered: readonly string[]) => new Map(registered.map((name) => [foldName(name), name]));
const decisive = byFold(DECISIVE_CLAIMS);
const claims = byFold([...DECISIVE_CLAIMS, ...OTHER_CLAIMS]);
const parameters = byFold(HEADER_PARAMETERS);
const members: ReadonlyMap<string, ReadonlyMap<string, string>> = new Map([
  ['cnf', byFold(CONFIRMATION_METHODS)],
  ['authorization_details', byFold(AUTHORIZATION_DETAILS)],
]);

/** The registered claim that some reader takes a claim of this name for; undefined where it is none, or that very one. */
export function claimMistakenFor(name: string): string | undefined {
  return mistakenFor(name, claims);
}

/** The same for a parameter of a JOSE header. */
export function parameterMistakenFor(name: string): string | undefined {
  return mistakenFor(name, parameters);
}

/**
 * The first registered claim, or member of `cnf` or `authorization_details`, that another name in these claims, or
 * nested in them, may be mistaken for.
 */
export function firstMistakenClaim(of: Readonly<Record<string, unknown>>): string | undefined {
  return firstAmong(Object.keys(of), claims) ?? firstNested(of);
}

function firstNested(of: Readonly<Record<string, unknown>>): string | undefined {
  return first(Object.keys(of), (name) => mistakenWithin(of[name], name));
}

function mistakenWithin(value: unknown, claim: string): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (Array.isArray(value)) return first(value, (element) => mistakenWithin(element, claim));
  const names = Object.keys(value);
  const own = members.get(claim);
  return (
    firstAmong(names, decisive) ??
    (own && first(names, (name) => mistakenFor(name, own))) ??
    firstNested(value as Record<string, unknown>)
  );
}

/** Of claims whose registered names fold to themselves. */
function firstAmong(names: readonly string[], registered: ReadonlyMap<string, string>): string | undefined {
  return areFolded(names) ? undefined : first(names, (name) => mistakenFor(name, registered));
}

function mistakenFor(name: string, registered: ReadonlyMap<string, string>): string | undefined {
  const meant = registered.get(foldName(name));
  return meant === name ? undefined : meant;
}

function first<T>(values: readonly T[], find: (value: T) => string | undefined): string | undefined {
  for (const value of values) {
    const found = find(value);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Claims that the service writes (I2); a caller that sends one is refused with `reserved_claim`. */
export const RESERVED_CLAIMS = ['iss', 'aud', 'iat', 'nbf', 'exp', 'jti'] as const;

const RESERVED: ReadonlySet<string> = new Set(RESERVED_CLAIMS);

/** Whether some verifier takes a claim of that name for one of the reserved ones, or it is one. */
export function readsAsReserved(name: string): boolean {
  return RESERVED.has(foldName(name));
}
