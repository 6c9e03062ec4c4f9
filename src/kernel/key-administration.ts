import type { Actor } from './actor.ts';
import type { SigningKey } from './key.ts';
import type { KeyPlan } from './key-lifecycle/plans.ts';
import type { TokenPlan } from './key-lifecycle/token-compromise.ts';
import type { Initiator } from './key-lifecycle/transitions.ts';

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

/** What is done to a key by its kid. */
export const KEY_ACTS = ['suspend', 'compromise', 'resume', 'undo_rotation', 'destroy'] as const;
export type KeyActName = (typeof KEY_ACTS)[number];

export interface KeyActRequest {
  readonly act: KeyActName;
  readonly kid: string;
  readonly why: string;
  readonly cause: Initiator;
  /** Of a compromise: the private half stays in the HSM. */
  readonly keepForForensics?: boolean;
}

export interface TokenCompromise {
  readonly hsmToken: string;
  readonly why: string;
  readonly keepForForensics: boolean;
}

/**
 * What people and alarms do to keys. Each commits with its event (I10). `unknown_key`, `transition_forbidden`,
 * `key_changed`.
 */
export interface KeyAdministration {
  /** Needs no HSM. `unknown_scope`, `no_standby`. */
  rotate(scopeId: string, why: string, cause: Initiator, actor: Actor): Promise<Rotation>;
  /** What would become of the keys, as things are; without changes where it is so already. Changes nothing. */
  foresee(request: Omit<KeyActRequest, 'why'>): KeyPlan;
  /**
   * Suspending and declaring a compromise are one commit that waits for neither HSM nor audit sink; the others need
   * both: `hsm_unavailable`, `audit_sink_unavailable`. What follows is done step by step.
   */
  perform(request: KeyActRequest, actor: Actor): Promise<KeyOutcome>;
  /**
   * Every key on an HSM token, in one commit that waits for neither HSM nor audit sink; none is made there again.
   * Without changes where it was so before. `unknown_hsm_token`.
   */
  compromiseToken(request: TokenCompromise, actor: Actor): Promise<TokenPlan>;
}
