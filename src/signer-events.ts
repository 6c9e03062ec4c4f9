import type { Logger } from 'pino';
import type { KeyRingKeeper } from './keys/key-ring.ts';
import type { Metrics } from './metrics/metrics.ts';
import type { SignerEvent } from './signer/signer-link.ts';

type Handlers = { [T in SignerEvent['type']]: (event: Extract<SignerEvent, { type: T }>) => void };

/** What the signer reports goes to the log, the metrics and, where it concerns keys, the ring. */
export function signerEventHandler(log: Logger, metrics: Metrics, keyRing: KeyRingKeeper) {
  const handlers: Handlers = {
    ready: ({ pid, token }) => log.info({ pid, hsm: token }, 'signer ready'),
    replaced: ({ why }) => {
      metrics.signerReplacements.inc();
      log.warn({ why }, 'signer replaced');
    },
    away: ({ why }) => log.error({ why }, 'HSM away: no tokens until it is back'),
    latched: ({ code, why }) => log.fatal({ code, why }, 'signer stopped: an operator has to look'),
    proofs: ({ proofs }) => keyRing.applyProofs(proofs),
    missing: ({ kids }) => log.error({ kids }, 'keys missing from the HSM'),
    log: ({ log: level, message, details }) => log[level]({ signer: details }, message),
  };
  return <T extends SignerEvent['type']>(event: Extract<SignerEvent, { type: T }>): void =>
    (handlers[event.type] as (event: SignerEvent) => void)(event);
}
