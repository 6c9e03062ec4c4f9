import type { Actor } from './access.ts';
import type { SigningKey } from './key.ts';
import type { Cause } from './key-life/transitions.ts';

/** What became of one key. */
export interface KeyOutcome {
  readonly key: SigningKey;
  /** The key that signs from now on; undefined where nothing took the place of this one. */
  readonly promoted: SigningKey | undefined;
  /** It was so before; nothing was changed. */
  readonly already: boolean;
}

export interface Rotation {
  readonly activated: SigningKey;
  /** Undefined where none signed. */
  readonly deactivated: SigningKey | undefined;
}

/** What people do to keys. Each commits with its event (I10); `unknown_key`, `transition_forbidden`, `key_changed`. */
export interface KeyAdministration {
  /** Needs no HSM. `unknown_scope`, `no_standby`. */
  rotate(scopeId: string, why: string, cause: Cause, actor: Actor): Promise<Rotation>;
  /** Needs no HSM. */
  suspend(kid: string, why: string, cause: Cause, actor: Actor): Promise<KeyOutcome>;
  /** What is executed takes two persons; whoever calls has seen to it. `hsm_unavailable`. */
  resume(kid: string, why: string, actor: Actor): Promise<KeyOutcome>;
  /** The same of the key that shall sign again. */
  undoRotation(kid: string, why: string, actor: Actor): Promise<KeyOutcome>;
  /**
   * Takes two persons unless the key is spent, whose private half goes before its time; the rest follows as soon
   * as the HSM is there.
   */
  destroy(kid: string, why: string, actor: Actor): Promise<KeyOutcome>;
  /** One commit that waits for neither HSM nor audit sink; what follows is done step by step. */
  compromise(
    kid: string,
    act: { readonly why: string; readonly keepForForensics: boolean },
    actor: Actor,
  ): Promise<KeyOutcome>;
}
