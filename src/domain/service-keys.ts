import type { JsonObject } from '../lib/json.ts';
import type { Actor } from '../kernel/actor.ts';

/** The audit event of the commit that puts other service keys in the place of lost ones. */
export const SERVICE_KEYS_ENROLLED = 'service_keys.enrolled';

export interface ServiceKeyDecision {
  readonly reason: string;
  /** The lost HSM token is in other hands: nothing of any key on it is accepted. */
  readonly stolen: boolean;
}

/** A service whose configuration names successors of lost service keys, which two persons have yet to enrol. */
export interface HeldServiceKeys {
  describe(decision: ServiceKeyDecision): { readonly before: JsonObject; readonly after: JsonObject };
  /** Settles once the registry is signed by the new registry key; answers what the audit event tells. */
  enrol(decision: ServiceKeyDecision, actor: Actor): Promise<JsonObject>;
}
