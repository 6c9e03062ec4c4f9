import { digestOf } from '../../src/token/signing-input.ts';
import type { TokenFacts } from './record.ts';

/** A token in a client's hands. */
export interface Held extends TokenFacts {
  readonly token: string;
  /** Which issued it. */
  readonly front?: string;
  readonly forged: boolean;
}

export function heldFrom(token: string): Held {
  const input = token.slice(0, token.lastIndexOf('.'));
  const [header, claims] = input
    .split('.')
    .map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()));
  const { jti, exp } = claims;
  return { token, digest: digestOf(input).toString('base64url'), jti, kid: header.kid, exp, forged: false };
}
