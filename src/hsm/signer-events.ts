import { hash } from 'node:crypto';
import { inspect } from 'node:util';
import type { Logger } from 'pino';
import type { Outages } from '../events/outages.ts';
import { isSoftwareHsm } from '../kernel/signer.ts';
import type { KeyRingKeeper } from '../keys/key-ring.ts';
import type { Emitter } from '../lib/emitter.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { SignerEvent } from '../signer/signer-link.ts';

type Handlers = { [T in SignerEvent['type']]: (event: Extract<SignerEvent, { type: T }>) => void };

interface Listeners {
  readonly log: Logger;
  /** Told of the token where something is to be looked at. */
  readonly suspectTokens: Pick<Emitter<string>, 'emit'>;
  /** Whose signer it is. */
  readonly hsmToken: string;
  /** Where, for people; undefined where there is one host. */
  readonly host?: string | undefined;
  readonly metrics: Pick<Metrics, 'signerReplacements'>;
  readonly keyRing: Pick<KeyRingKeeper, 'applyProofs' | 'reportMissing' | 'reportAway' | 'reportPresent'>;
  readonly outages: Readonly<Record<'hsm' | 'pins', Pick<Outages, 'began' | 'ended'>>>;
}

const SOFTWARE = 'software HSM: its keys are files, and a copy of them with the PIN is a copy of the keys';

/** Lines of the signer that are remembered as said; what exceeds them is said anew. */
const REMEMBERED_LINES = 1_000;
const WHOLE = { depth: null, maxArrayLength: null, maxStringLength: null } as const;
/** In characters; thousands of kids fit. */
const LONGEST_LINE = 1_000_000;

/**
 * What the signer reports goes to the log, the metrics and, where it concerns keys, the ring. Through an outage
 * every attempt repeats the lines of the one before: each is said once, until the next process serves.
 */
export function signerEventHandler({
  log: whole,
  hsmToken,
  host,
  suspectTokens,
  metrics,
  keyRing,
  outages,
}: Listeners) {
  const log = whole.child({ hsm_token: hsmToken });
  metrics.signerReplacements.inc({ hsm_token: hsmToken }, 0);
  const said = new Set<string>();
  let toldOfSoftware = false;
  const handlers: Handlers = {
    ready: ({ pid, token: { mechanisms: _, ...token } }) => {
      said.clear();
      keyRing.reportPresent(hsmToken);
      outages.hsm.ended(hsmToken);
      outages.pins.ended(hsmToken);
      log.info({ pid, hsm: token }, 'signer ready');
      if (!toldOfSoftware && isSoftwareHsm(token)) {
        log.warn(SOFTWARE);
        toldOfSoftware = true;
      }
    },
    replaced: ({ why }) => {
      keyRing.reportAway(hsmToken);
      metrics.signerReplacements.inc({ hsm_token: hsmToken });
      log.warn({ why }, 'signer replaced');
    },
    away: ({ why }) => {
      keyRing.reportAway(hsmToken);
      log.error({ why }, 'HSM away: no tokens of its keys until it is back');
      outages.hsm.began(hsmToken, why);
    },
    latched: ({ why }) => {
      keyRing.reportAway(hsmToken);
      log.fatal({ code: 'pin_latched', why }, 'signer stopped: an operator has to look');
      outages.pins.began(hsmToken, host === undefined ? why : `on ${host}: ${why}`);
    },
    proofs: ({ proofs }) => {
      keyRing.applyProofs(proofs);
      if (proofs.some(({ found, proven }) => found && !proven)) suspectTokens.emit(hsmToken);
    },
    missing: ({ kids }) => {
      keyRing.reportMissing(hsmToken, kids);
      log.error({ kids }, 'keys missing from the HSM');
      if (kids.length > 0) suspectTokens.emit(hsmToken);
    },
    log: ({ log: level, message, details }) => {
      const line = inspect([level, message, details], WHOLE);
      const digest = hash('sha256', line, 'base64');
      if (said.has(digest)) return;
      if (said.size >= REMEMBERED_LINES) said.clear();
      said.add(digest);
      const signer = line.length > LONGEST_LINE ? `${line.length} characters of details left out` : details;
      log[level]({ signer }, message);
    },
  };
  return <T extends SignerEvent['type']>(event: Extract<SignerEvent, { type: T }>): void =>
    (handlers[event.type] as (event: SignerEvent) => void)(event);
}
