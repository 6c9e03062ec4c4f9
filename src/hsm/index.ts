import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import type { Environment } from '../config-environment.ts';
import type { Store } from '../db/open-store.ts';
import type { OutageWatch } from '../events/outages.ts';
import type { AuditTrail, SinkGate } from '../kernel/audit.ts';
import type { KeyRingKeeper } from '../keys/key-ring.ts';
import { trackLoadedKeys } from '../keys/load-ring.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { forbidCoreDumps } from '../signer/hygiene.ts';
import { openPinLatches } from './pin-latches.ts';
import { refuseRevealingFlags } from './production.ts';
import { adminHsmRoutes, clearPinLatch } from './routes.ts';
import { openSigners, signerGauges } from './signers.ts';

export const HSM_ROUTES = { operations: adminHsmRoutes } as const;

/** A signer is replaced within half a second. */
const PASSING_SECONDS = 1;

interface HsmDeps {
  readonly config: Config;
  readonly store: Pick<Store, 'registry'>;
  readonly audit: AuditTrail;
  readonly sinks: SinkGate;
  readonly keyRing: Parameters<typeof openSigners>[1]['keyRing'] & Pick<KeyRingKeeper, 'awaySeconds'>;
  readonly outages: OutageWatch;
  readonly metrics: Metrics;
  readonly log: Logger;
}

/** No other process may read this one's memory (I8). `invalid_config` for a production service that Node lets others read. */
export function protectMemory(config: Config, { nodeOptions }: Environment) {
  const coreDumps = forbidCoreDumps();
  refuseRevealingFlags(config, process.execArgv, nodeOptions);
  return coreDumps;
}

/** The HSM tokens: a signer process for each, and the latch that guards its PIN. */
export async function openHsm({ config, store, audit, sinks, ...deps }: HsmDeps) {
  const signers = await openSigners(config, { ...deps, registry: store.registry });
  const { links, inspect, suspectTokens } = signers;
  const pinLatches = openPinLatches({ config, links, sinks, audit });
  return {
    ...trackLoadedKeys(signers.signer),
    isThere: () => [...links.keys()].every((name) => deps.keyRing.awaySeconds(name) < PASSING_SECONDS),
    links,
    inspect,
    suspectTokens,
    start: () => signers.start(),
    gauges: signerGauges(links),
    routes: HSM_ROUTES,
    acts: [clearPinLatch({ pinLatches })],
    stop: () => signers.stop(),
  };
}
