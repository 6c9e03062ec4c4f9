import type { Subscribable } from '../lib/emitter.ts';
import type { SigningKey } from '../kernel/key.ts';
import type { Scope } from '../kernel/scope.ts';

/**
 * Scopes and keys as the hot path sees them: in memory, never a look-up elsewhere. A key that failed its proof
 * is in none of the answers.
 */
export interface KeyRing {
  /** Grows with every change, so that what is composed from the ring knows when it is old. */
  readonly revision: number;
  scope(id: string): Scope | undefined;
  scopes(): readonly Scope[];
  /** The key that signs for the scope now; undefined when there is none or it is not proven. */
  activeKey(scopeId: string): SigningKey | undefined;
  /** All keys of one scope that are not destroyed, newest first. */
  keysOf(scopeId: string): readonly SigningKey[];
  /** Any scope's key: to tell a foreign key from an unknown one, never to accept a token. */
  keyNamed(kid: string): SigningKey | undefined;
}

/** The ring with word of its changes. */
export interface WatchedKeyRing extends KeyRing {
  /** The id of each scope whose keys, or their standing, are others than before. */
  readonly changes: Subscribable<string>;
}
