import type { KeyObject } from 'node:crypto';
import { createRequire } from 'node:module';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { createVerifier } from '../../../src/client/index.ts';
import type { Issuer } from './issuer.ts';

/** A verifier that has seen no token yet. */
export interface Candidate {
  verify(token: string): unknown;
  close?(): Promise<void>;
}

export type Library = (issuer: Issuer) => Candidate;

interface Expected {
  readonly algorithms: readonly string[];
}

/** What is used of packages that only this benchmark installs. */
interface FastJwt {
  createVerifier(
    options: Expected & { key: string; cache: number | false; allowedIss: string; allowedAud: string },
  ): (token: string) => unknown;
}
interface JsonWebToken {
  verify(token: string, key: KeyObject, options: Expected & { issuer: string; audience: string }): unknown;
}

const installed = createRequire(import.meta.url);
const CACHED_TOKENS = 10_000;

/**
 * Each checks signature, issuer, audience and times, and nothing beyond it is asked of the others: what the library
 * checks more is part of its price. fast-jwt and jsonwebtoken know no remote key sets and are given the key.
 */
export const LIBRARIES: Readonly<Record<string, Library>> = {
  keyward({ url, scope: { id, issuer, audience } }) {
    return createVerifier({ url, scope: id, issuer, audience, cachedTokens: CACHED_TOKENS });
  },
  jose({ jwksUrl, scope: { issuer, audience, algorithm } }) {
    const keySet = createRemoteJWKSet(new URL(jwksUrl));
    const expected = { issuer, audience, algorithms: [algorithm] };
    return { verify: (token) => jwtVerify(token, keySet, expected) };
  },
  'fast-jwt'(issuer) {
    return fastJwt(issuer, CACHED_TOKENS);
  },
  'fast-jwt, no cache'(issuer) {
    return fastJwt(issuer, false);
  },
  jsonwebtoken({ key: { publicKey }, scope: { issuer, audience, algorithm } }) {
    const { verify }: JsonWebToken = installed('jsonwebtoken');
    const expected = { issuer, audience, algorithms: [algorithm] };
    return { verify: (token) => verify(token, publicKey, expected) };
  },
};

function fastJwt({ key, scope: { issuer, audience, algorithm } }: Issuer, cache: number | false): Candidate {
  const { createVerifier }: FastJwt = installed('fast-jwt');
  const pem = key.publicKey.export({ format: 'pem', type: 'spki' }).toString();
  const expected = { allowedIss: issuer, allowedAud: audience, algorithms: [algorithm] };
  return { verify: createVerifier({ key: pem, cache, ...expected }) };
}
