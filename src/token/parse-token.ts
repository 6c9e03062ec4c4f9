import { isUtf8 } from 'node:buffer';
import { firstMistakenClaim, parameterMistakenFor } from '../kernel/claim-names.ts';
import { decodeBase64url } from './base64url.ts';
import { parseStrictObject, StrictJsonError, type StrictJsonReason } from './strict-json.ts';

/** In characters; all of them are ASCII in a token that passes. */
export const MAX_TOKEN_LENGTH = 8_192;
export const MAX_JSON_DEPTH = 16;

/**
 * Headers that no honest issuer of ours writes: they would bring a key along, name another one, or change
 * what is signed (RFC 7515 §4.1, RFC 7797, RFC 8725 §3.10).
 */
const SUSPICIOUS_HEADERS = ['jku', 'jwk', 'x5u', 'x5c', 'x5t', 'x5t#S256', 'crit', 'b64', 'zip'] as const;

export type TokenHeader = Readonly<Record<string, unknown>> & { readonly alg: string; readonly kid: string };

export interface SignedContent {
  readonly header: TokenHeader;
  readonly claims: Readonly<Record<string, unknown>>;
}

export interface ParsedToken extends SignedContent {
  /** `header.claims` as presented (RFC 7515 §5.2): what the signature and the ledger's digest are over. */
  readonly signingInput: string;
  readonly signature: Buffer;
}

export interface Malformed {
  readonly ok: false;
  readonly problem:
    | StrictJsonReason
    | 'not_text'
    | 'too_long'
    | 'not_compact'
    | 'not_base64url'
    | 'not_utf8'
    | 'misleading_member'
    | 'misleading_header'
    | 'suspicious_header'
    | 'alg_missing'
    | 'kid_missing';
  readonly suspiciousHeader?: string;
}

type Parsed<T> = { readonly ok: true; readonly token: T } | Malformed;

/**
 * Reads a compact JWS as strictly as STANDARDS.md asks. `misleading_member` and `misleading_header`: a name that some
 * readers take for a registered one, and others do not. Proves nothing of who signed it. Never throws. Does not
 * use jose, which takes members that are named twice, and misreads escaped names as V8 does (nodejs/node#63785).
 */
export function parseToken(token: unknown, maxLength = MAX_TOKEN_LENGTH): Parsed<ParsedToken> {
  if (typeof token !== 'string') return malformed('not_text');
  if (token.length > maxLength) return malformed('too_long');
  const lastDot = token.lastIndexOf('.');
  const encoded = token.slice(lastDot + 1);
  if (lastDot < 0 || encoded === '') return malformed('not_compact');
  const signingInput = token.slice(0, lastDot);
  const content = parseSigningInput(signingInput, maxLength);
  if (!content.ok) return content;
  const signature = decodeBase64url(encoded);
  if (!signature) return malformed('not_base64url');
  return { ok: true, token: { ...content.token, signingInput, signature } };
}

/** The same strictness for what is yet to be signed: `header.claims`. Never throws. */
export function parseSigningInput(signingInput: string, maxLength = MAX_TOKEN_LENGTH): Parsed<SignedContent> {
  if (signingInput.length > maxLength) return malformed('too_long');
  const [first, second, ...others] = signingInput.split('.', 3);
  if (!first || !second || others.length > 0) return malformed('not_compact');
  const header = readHeader(first);
  if (!header.ok) return header;
  const claims = parseSegment(second);
  if (!claims.ok) return claims;
  if (firstMistakenClaim(claims.token) !== undefined) return malformed('misleading_member');
  return { ok: true, token: { header: header.token, claims: claims.token } };
}

/** As they were encoded: all tokens of one key have the same, and reading it takes as long as reading the claims. */
const knownHeaders = new Map<string, TokenHeader>();
const MOST_KNOWN = 256;

function readHeader(segment: string): Parsed<TokenHeader> {
  const known = knownHeaders.get(segment);
  if (known) return { ok: true, token: known };
  const header = parseSegment(segment);
  if (!header.ok) return header;
  const flaw = flawOf(header.token);
  if (flaw) return flaw;
  const token = header.token as TokenHeader;
  if (Object.values(token).every((value) => typeof value === 'string')) {
    if (knownHeaders.size >= MOST_KNOWN) knownHeaders.clear();
    // A copy: a part of a text keeps the whole of it in memory.
    knownHeaders.set(Buffer.from(segment, 'latin1').toString('latin1'), Object.freeze(token));
  }
  return { ok: true, token };
}

function parseSegment(segment: string): Parsed<Record<string, unknown>> {
  const bytes = decodeBase64url(segment);
  if (!bytes) return malformed('not_base64url');
  if (!isUtf8(bytes)) return malformed('not_utf8');
  try {
    return { ok: true, token: parseStrictObject(bytes.toString('utf8'), { maxDepth: MAX_JSON_DEPTH }) };
  } catch (error) {
    if (error instanceof StrictJsonError) return malformed(error.reason);
    throw error;
  }
}

function flawOf(header: Record<string, unknown>): Malformed | undefined {
  const mistaken = Object.keys(header).map(parameterMistakenFor);
  const suspiciousHeader = SUSPICIOUS_HEADERS.find(
    (name) => Object.hasOwn(header, name) || mistaken.includes(name),
  );
  if (suspiciousHeader) return { ok: false, problem: 'suspicious_header', suspiciousHeader };
  if (mistaken.some((name) => name !== undefined)) return malformed('misleading_header');
  if (!isName(header.alg)) return malformed('alg_missing');
  if (!isName(header.kid)) return malformed('kid_missing');
  return undefined;
}

function isName(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}

function malformed(problem: Malformed['problem']): Malformed {
  return { ok: false, problem };
}
