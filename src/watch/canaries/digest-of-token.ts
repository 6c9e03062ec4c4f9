import { digestOf } from '../../token/signing-input.ts';

/** As the ledger names it: the signature, which may be altered, is no part of it. Whatever else it is, it is not read. */
export function digestOfToken(presented: string): Buffer {
  return digestOf(presented.slice(0, Math.max(0, presented.lastIndexOf('.'))));
}
