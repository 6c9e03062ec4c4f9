import type { Config } from '../config.ts';
import { takesTwoByNow } from '../kernel/acts.ts';
import { type AuditTrail, actOf, type SinkGate } from '../kernel/audit.ts';
import { KeywardError } from '../kernel/errors.ts';
import type { PinLatch, PinLatches } from '../kernel/signer.ts';
import { clearLatch, readLatch } from '../signer/pin-latch.ts';
import type { SignerLink } from '../signer/signer-link.ts';
import { tokensOf } from './tokens.ts';

interface Deps {
  readonly config: Config;
  readonly links: ReadonlyMap<string, Pick<SignerLink, 'start' | 'state'>>;
  readonly sinks: SinkGate;
  readonly audit: AuditTrail;
}

interface Latch {
  read(): PinLatch;
  clear(): void;
}

/** The latches of the configured tokens. It is told before it is done: the HSM signs nothing while it is latched. */
export function openPinLatches({ config, links, sinks, audit }: Deps): PinLatches {
  const tokens = tokensOf(config);
  const of = (hsmToken: string) => {
    const [settings] = tokens.flatMap((token) => (token.name === hsmToken ? [token.settings] : []));
    const link = links.get(hsmToken);
    if (settings && link)
      return { latch: settings.signer ? ofLink(link) : inFile(settings.latch_file), link };
    const known = tokens.map(({ name }) => name).join(', ');
    throw new KeywardError('unknown_hsm_token', `there is no HSM token of this name; use one of ${known}`);
  };
  return {
    read: (hsmToken) => of(hsmToken).latch.read(),
    async clear(hsmToken, actor) {
      const { latch, link } = of(hsmToken);
      const { state, attempts } = latch.read();
      const event = actOf(actor, 'hsm.pin_latch_cleared', `hsm:${hsmToken}`, { was: state, attempts });
      await sinks.confirm(event);
      await audit.record(event);
      // It may have latched while the sinks were told.
      if (actor.alone && latch.read().state !== 'clear') throw takesTwoByNow();
      latch.clear();
      await link.start();
      return { open: link.state() === 'ready' };
    },
  };
}

function inFile(file: string): Latch {
  return { read: () => readLatch(file), clear: () => clearLatch(file) };
}

/**
 * A signer that runs by itself has the latch, and no front clears that (decision 0130): it is asked once more, and
 * the PIN is tried if its own administrator has cleared it.
 */
function ofLink(link: Pick<SignerLink, 'state'>): Latch {
  return {
    read: () => ({ state: link.state() === 'latched' ? 'rejected' : 'clear', attempts: 0 }),
    clear: () => {},
  };
}
