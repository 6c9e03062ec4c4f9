import type { Algorithm } from '../../src/kernel/algorithm.ts';
import { type KeyName, NOW, type World } from './world.ts';

export type Members = Record<string, unknown>;

/** How a token departs from a good one. A later field overrides an earlier one of the same part. */
export interface Departure {
  /** Members to set; undefined leaves one out. */
  readonly header?: Members;
  readonly claims?: Members;
  /** Any text in place of the JSON, from the good one. */
  readonly headerJson?: (json: string) => string;
  readonly claimsJson?: (json: string) => string;
  /** Any bytes in place of the text. */
  readonly headerBytes?: (bytes: Buffer) => Buffer;
  readonly claimsBytes?: (bytes: Buffer) => Buffer;
  /** Any segment in place of the encoded bytes: signed as it stands. */
  readonly headerSegment?: (segment: string) => string;
  readonly claimsSegment?: (segment: string) => string;
  /** Who signs, and whose `kid` stands in the header unless `header` says otherwise. */
  readonly key?: KeyName;
  /** Any signature in place of the right one. */
  readonly signature?: (signature: Buffer, signingInput: string) => Buffer;
  /** Any text in place of the finished token. */
  readonly token?: (token: string) => unknown;
}

export function goodHeader(world: World, algorithm: Algorithm, key: KeyName = 'active'): Members {
  return { alg: algorithm, typ: 'at+jwt', kid: world.key(algorithm, key).kid };
}

export function goodClaims(world: World, algorithm: Algorithm): Members {
  const { issuer, audience } = world.scopeOf(algorithm);
  return {
    iss: issuer,
    aud: audience,
    iat: NOW,
    nbf: NOW - 30,
    exp: NOW + 300,
    jti: 'b1mlLCdsGzQ5Sw1f9aYOMA',
    client_id: 'checkout',
    sub: 'user-17',
  };
}

/** A token that is good in all but the departure: whatever stands in it is really signed. */
export function forge(world: World, algorithm: Algorithm, departure: Departure = {}): unknown {
  const header = { ...goodHeader(world, algorithm, departure.key), ...departure.header };
  const claims = { ...goodClaims(world, algorithm), ...departure.claims };
  const signingInput = `${encode(header, departure.headerJson, departure.headerBytes, departure.headerSegment)}.${encode(
    claims,
    departure.claimsJson,
    departure.claimsBytes,
    departure.claimsSegment,
  )}`;
  const right = world.key(algorithm, departure.key).sign(signingInput);
  const signature = departure.signature?.(right, signingInput) ?? right;
  const token = `${signingInput}.${signature.toString('base64url')}`;
  return departure.token ? departure.token(token) : token;
}

function encode(
  members: Members,
  json: (json: string) => string = (same) => same,
  bytes: (bytes: Buffer) => Buffer = (same) => same,
  segment: (segment: string) => string = (same) => same,
): string {
  return segment(bytes(Buffer.from(json(JSON.stringify(members)))).toString('base64url'));
}
