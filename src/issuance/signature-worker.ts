import type { KeyObject } from 'node:crypto';
import { parentPort } from 'node:worker_threads';
import type { Algorithm } from '../kernel/algorithm.ts';
import { verifySignatureSync } from '../token/signature.ts';

/** What the checker hands over: keys once each, tokens by the kid of theirs. */
export interface CheckRequest {
  readonly newKeys: readonly (readonly [kid: string, algorithm: Algorithm, publicKey: KeyObject])[];
  readonly kids: readonly string[];
  readonly tokens: readonly string[];
}

/** In the order of the request: 1 for a right signature. */
export type CheckReply = Uint8Array;

const keys = new Map<string, readonly [Algorithm, KeyObject]>();

parentPort?.on('message', ({ newKeys, kids, tokens }: CheckRequest) => {
  for (const [kid, algorithm, publicKey] of newKeys) keys.set(kid, [algorithm, publicKey]);
  const reply: CheckReply = Uint8Array.from(tokens, (token, at) => (isRight(kids[at] ?? '', token) ? 1 : 0));
  parentPort?.postMessage(reply);
});

function isRight(kid: string, token: string): boolean {
  const key = keys.get(kid);
  const end = token.lastIndexOf('.');
  if (!key || end < 0) return false;
  return verifySignatureSync(...key, token.slice(0, end), Buffer.from(token.slice(end + 1), 'base64url'));
}
