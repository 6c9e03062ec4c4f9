import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import type { Environment } from '../config-environment.ts';
import type { FrontDatabase } from '../db/engine.ts';
import { openBeside } from '../db/open-engine.ts';
import type { Store } from '../db/open-store.ts';
import type { OutageWatch } from '../events/outages.ts';
import type { AuditLog, SinkGate } from '../kernel/audit.ts';
import type { Leadership } from '../kernel/registry.ts';
import type { KeyRingKeeper } from '../keys/key-ring.ts';
import { trackLoadedKeys } from '../keys/load-ring.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { forbidCoreDumps } from '../signer/hygiene.ts';
import { followPermits, openPinLatches } from './pin-latches.ts';
import { TokenPermits } from './pin-permits.ts';
import { refuseRevealingFlags } from './production.ts';
import { adminHsmRoutes, clearPinLatch } from './routes.ts';
import { openSigners, signerGauges } from './signers.ts';
import { createPinPermitStore } from './store.ts';
import { type CommandPermits, type ConfiguredToken, tokensOf } from './tokens.ts';

export { occasionOf } from './pin-permit.ts';

export const HSM_ROUTES = { operations: adminHsmRoutes } as const;

/** A signer is replaced within half a second. */
const PASSING_SECONDS = 1;

interface HsmDeps {
  readonly config: Config;
  readonly store: Pick<Store, 'registry' | 'shared'>;
  readonly audit: Pick<AuditLog, 'record' | 'lastAbout'>;
  readonly sinks: SinkGate;
  readonly leadership: Pick<Leadership, 'leads'>;
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

/** Who tries the PIN of that token over a database that fronts share; undefined where one front has it alone. */
function permitsOver(
  shared: FrontDatabase | undefined,
  { settings: { token_label: label, token_serial: serial } }: ConfiguredToken,
): TokenPermits | undefined {
  return shared && new TokenPermits(createPinPermitStore(shared), { label, serial });
}

/** For a command, over the configured database. `store_unavailable`. */
export async function openPermits({ database }: Config): Promise<CommandPermits> {
  const shared = await openBeside(database);
  const asked: TokenPermits[] = [];
  return {
    of(token) {
      const permits = permitsOver(shared, token);
      if (permits) asked.push(permits);
      return permits;
    },
    async close() {
      // Of what was tried and not told, the next one to ask takes the answer for unknown.
      await Promise.allSettled(asked.map((permits) => permits.tell()));
      await shared?.close();
    },
  };
}

const FOLLOW_EVERY_MS = 2_000;

/** The HSM tokens: a signer process for each, and the latch that guards its PIN. */
export async function openHsm({ config, store, audit, sinks, leadership, ...deps }: HsmDeps) {
  const permits = new Map(
    tokensOf(config).flatMap((token) => {
      const own = permitsOver(store.shared, token);
      return own ? [[token.name, own] as const] : [];
    }),
  );
  const signers = await openSigners(config, { ...deps, permits, registry: store.registry });
  const { links, inspect, suspectTokens } = signers;
  const latches = { config, links, permits, sinks, audit };
  const pinLatches = openPinLatches(latches);
  const retryPins = followPermits({ ...latches, leadership, outages: deps.outages.pinsElsewhere });
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
    tasks: permits.size === 0 ? [] : [{ name: 'pin permits', everyMs: FOLLOW_EVERY_MS, tick: retryPins }],
    retryPins,
    async stop() {
      await signers.stop();
      await Promise.allSettled([...permits.values()].map((each) => each.tell()));
    },
  };
}
