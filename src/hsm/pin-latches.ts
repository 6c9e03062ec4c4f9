import type { Config } from '../config.ts';
import { takesTwoByNow } from '../kernel/acts.ts';
import { type AuditTrail, actOf, type SinkGate } from '../kernel/audit.ts';
import { KeywardError } from '../kernel/errors.ts';
import type { PinLatches } from '../kernel/signer.ts';
import { clearLatch, readLatch } from '../signer/pin-latch.ts';
import type { SignerLink } from '../signer/signer-link.ts';
import { tokensOf } from './tokens.ts';

interface Deps {
  readonly config: Config;
  readonly links: ReadonlyMap<string, Pick<SignerLink, 'start' | 'state'>>;
  readonly sinks: SinkGate;
  readonly audit: AuditTrail;
}

/** The latches of the configured tokens. It is told before it is done: the HSM signs nothing while it is latched. */
export function openPinLatches({ config, links, sinks, audit }: Deps): PinLatches {
  const tokens = tokensOf(config);
  const of = (hsmToken: string) => {
    const [settings] = tokens.flatMap((token) => (token.name === hsmToken ? [token.settings] : []));
    const link = links.get(hsmToken);
    if (settings && link) return { file: settings.latch_file, link };
    const known = tokens.map(({ name }) => name).join(', ');
    throw new KeywardError('unknown_hsm_token', `there is no HSM token of this name; use one of ${known}`);
  };
  return {
    read: (hsmToken) => readLatch(of(hsmToken).file),
    async clear(hsmToken, actor) {
      const { file, link } = of(hsmToken);
      const { state, attempts } = readLatch(file);
      const event = actOf(actor, 'hsm.pin_latch_cleared', `hsm:${hsmToken}`, { was: state, attempts });
      await sinks.confirm(event);
      await audit.record(event);
      // It may have latched while the sinks were told.
      if (actor.alone && readLatch(file).state !== 'clear') throw takesTwoByNow();
      clearLatch(file);
      await link.start();
      return { open: link.state() === 'ready' };
    },
  };
}
