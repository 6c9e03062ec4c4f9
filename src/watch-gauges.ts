import type { DiskWatch } from './disk-watch.ts';
import type { KeyRingKeeper } from './keys/key-ring.ts';
import type { Metrics } from './metrics/metrics.ts';
import type { LinkState, SignerLink } from './signer/signer-link.ts';

const STATES: readonly LinkState[] = ['ready', 'starting', 'away', 'latched'];

/** What the parts are asked at each scrape. */
export function watchGauges(
  metrics: Metrics,
  {
    signer,
    keyRing,
    disks,
  }: { signer: Pick<SignerLink, 'state'>; keyRing: KeyRingKeeper; disks: Pick<DiskWatch, 'used'> },
): void {
  metrics.watch('signerState', () =>
    Object.fromEntries(STATES.map((state) => [state, signer.state() === state ? 1 : 0])),
  );
  metrics.watch('diskUsed', () => disks.used());
  metrics.watch('keyUnproven', () => {
    const unproven = new Set(keyRing.refuted().map(({ kid }) => kid));
    return Object.fromEntries(
      keyRing
        .scopes()
        .map(({ id }) => [id, keyRing.knownKeysOf(id).filter(({ kid }) => unproven.has(kid)).length]),
    );
  });
}
