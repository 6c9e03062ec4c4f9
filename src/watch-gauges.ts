import type { AuditService } from './audit-service.ts';
import type { DiskWatch } from './disk-watch.ts';
import type { KeyRingKeeper } from './keys/key-ring.ts';
import type { Metrics } from './metrics/metrics.ts';
import type { LinkState, SignerLink } from './signer/signer-link.ts';

const STATES: readonly LinkState[] = ['ready', 'starting', 'away', 'latched'];

export interface WatchedParts {
  readonly signer: Pick<SignerLink, 'state'>;
  readonly keyRing: KeyRingKeeper;
  readonly disks: Pick<DiskWatch, 'used'>;
  readonly audit: Pick<AuditService, 'sinksUp' | 'checkpointAge'>;
}

/** What the parts are asked at each scrape. */
export function watchGauges(metrics: Metrics, { signer, keyRing, disks, audit }: WatchedParts): void {
  metrics.watch('signerState', () =>
    Object.fromEntries(STATES.map((state) => [state, signer.state() === state ? 1 : 0])),
  );
  metrics.watch('diskUsed', () => disks.used());
  metrics.watch('auditSinkUp', () => audit.sinksUp());
  metrics.watch('checkpointAge', () => audit.checkpointAge());
  metrics.watch('keyUnproven', () => {
    const unproven = new Set(keyRing.refuted().map(({ kid }) => kid));
    return Object.fromEntries(
      keyRing
        .scopes()
        .map(({ id }) => [id, keyRing.knownKeysOf(id).filter(({ kid }) => unproven.has(kid)).length]),
    );
  });
}
