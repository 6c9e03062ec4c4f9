import type { Grants } from '../../kernel/actor.ts';
import { DRILL_ISSUER } from '../../domain/drill-issuer.ts';
import type { KeyRing } from '../../domain/key-ring.ts';
import { PROBE_CLIENT, type VerifierProbe } from '../../kernel/verifier-probe.ts';

export interface ProbeGrantParts {
  readonly probes: () => readonly Pick<VerifierProbe, 'scopeId'>[];
  readonly keyRing: Pick<KeyRing, 'scope'>;
}

/**
 * What Keyward itself may sign: probe tokens of scopes for which two persons have had a verifier probed, and of drill
 * scopes, which serve nobody. The signed row of the probe is the grant.
 */
export function createProbeGrants({ probes, keyRing }: ProbeGrantParts): Grants {
  return {
    allows: (clientId, scopeId, action) =>
      clientId === PROBE_CLIENT &&
      action === 'sign' &&
      (keyRing.scope(scopeId)?.issuer === DRILL_ISSUER ||
        probes().some((probe) => probe.scopeId === scopeId)),
  };
}
