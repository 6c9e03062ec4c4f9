import { PROBE_CLIENT, PROBE_SUBJECT } from '../kernel/verifier-probe.ts';
import { requireThat } from './require-that.ts';

/**
 * A token for the subject of probes shall mean one thing, to verifiers and to whoever reads the ledger: Keyward sent
 * it. So nobody else gets one.
 */
export function refuseReservedSubject(subject: string | null, clientId: string): void {
  requireThat(
    subject !== PROBE_SUBJECT || clientId === PROBE_CLIENT,
    'reserved_subject',
    `claims.sub: ${PROBE_SUBJECT} is the subject of probes, for which Keyward alone issues`,
  );
}
