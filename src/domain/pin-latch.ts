import type { Actor } from '../kernel/actor.ts';

/** Whether the PIN of an HSM token may be tried (I9). */
export interface PinLatch {
  /** `unreadable`: nobody knows, so it is not tried. */
  readonly state: 'clear' | 'attempting' | 'rejected' | 'unreadable';
  /** Attempts in a row whose answer is not known. */
  readonly attempts: number;
}

export interface PinLatches {
  /** `unknown_hsm_token`. */
  look(hsmToken: string): PinLatch;
  /** One more attempt is made, now. Answers whether the token is open. `unknown_hsm_token`, `audit_sink_unavailable`. */
  clear(hsmToken: string, actor: Actor): Promise<{ readonly open: boolean }>;
}
