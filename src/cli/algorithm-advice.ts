import type { Change } from '../provisioning/step.ts';
import type { Context } from './context.ts';

/** For `--help`, where an algorithm is named. */
export const ALGORITHM_HELP =
  'ES256 (default), ES384, RS256, PS256, EdDSA or Ed25519. The last two are one algorithm under two names: `EdDSA` is the one that most libraries read, `Ed25519` (RFC 9864) is read by few';

/**
 * What to know before a scope gets that algorithm, which never changes; undefined where common libraries read it. Of 21
 * that were tried, 14 read `EdDSA` and 4 `Ed25519` (docs/verify-anywhere.md).
 */
export function algorithmAdvice(scopeId: string, algorithm: unknown): string | undefined {
  if (algorithm !== 'Ed25519') return undefined;
  return `scope ${scopeId}: few libraries read the name Ed25519 (4 of 21), most read EdDSA for the same algorithm (14 of 21); it never changes, so keep it only where every verifier reads it`;
}

/** Told on standard error, before anything is made. */
export function warnOf({ terminal }: Context, ...advice: readonly (string | undefined)[]): void {
  for (const line of advice) if (line !== undefined) terminal.warn(line);
}

/** The same of the scopes that a plan would make. */
export function newAlgorithms(changes: readonly Change[]): readonly (string | undefined)[] {
  return changes
    .filter(({ action, kind }) => action === 'create' && kind === 'scope')
    .map(({ id, to }) => algorithmAdvice(id, (to as { algorithm?: unknown } | undefined)?.algorithm));
}
