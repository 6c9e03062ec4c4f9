import { hostname } from 'node:os';
import type { Config } from '../config.ts';
import type { Outages } from '../events/outages.ts';
import { takesTwoByNow } from '../kernel/acts.ts';
import { type AuditLog, actOf, type SinkGate } from '../kernel/audit.ts';
import { auditDetailsIn } from '../kernel/audit-chain.ts';
import { KeywardError } from '../kernel/errors.ts';
import type { Leadership } from '../kernel/registry.ts';
import type { PinLatch, PinLatches } from '../kernel/signer.ts';
import { clearLatch, readLatch } from '../signer/pin-latch.ts';
import type { SignerLink } from '../signer/signer-link.ts';
import { occasionOf, type PinPermit } from './pin-permit.ts';
import type { TokenPermits } from './pin-permits.ts';
import { tokensOf } from './tokens.ts';

interface Deps {
  readonly config: Config;
  readonly links: ReadonlyMap<string, Pick<SignerLink, 'start' | 'state'>>;
  /** By the token's name; none where no other host tries the PINs. */
  readonly permits: ReadonlyMap<string, TokenPermits>;
  readonly sinks: SinkGate;
  readonly audit: Pick<AuditLog, 'record' | 'lastAbout'>;
}

interface Latch {
  read(): PinLatch;
  clear(): void;
}

const CLEARED = 'hsm.pin_latch_cleared';
const CLEAR = 'clear' satisfies PinLatch['state'];

/** The latches of the configured tokens. It is told before it is done: the HSM signs nothing while it is latched. */
export function openPinLatches({ config, links, permits: all, sinks, audit }: Deps): PinLatches {
  const tokens = tokensOf(config);
  const of = (hsmToken: string) => {
    const [settings] = tokens.flatMap((token) => (token.name === hsmToken ? [token.settings] : []));
    const link = links.get(hsmToken);
    if (settings && link) return { latch: latchOf(settings, link), link, permits: all.get(hsmToken) };
    const known = tokens.map(({ name }) => name).join(', ');
    throw new KeywardError('unknown_hsm_token', `there is no HSM token of this name; use one of ${known}`);
  };
  const read = async (hsmToken: string): Promise<PinLatch> => {
    const { latch, permits } = of(hsmToken);
    if (!permits) return latch.read();
    return shown(await permits.read()) ?? ofThisHost(latch.read());
  };
  return {
    read,
    async clear(hsmToken, actor) {
      const { latch, link, permits } = of(hsmToken);
      const { state, ...was } = await read(hsmToken);
      const event = actOf(actor, CLEARED, `hsm:${hsmToken}`, { was: state, ...was });
      await sinks.confirm(event);
      // It may have latched while the sinks were told.
      const refuse = () => {
        if (actor.alone && latch.read().state !== 'clear') throw takesTwoByNow();
      };
      refuse();
      await (permits ? permits.clear(event, actor.alone === true) : audit.record(event));
      refuse();
      // One that is clear knows that its PIN was accepted before.
      if (latch.read().state !== 'clear') latch.clear();
      await link.start();
      return { open: link.state() === 'ready' };
    },
  };
}

/** What all hosts go by; undefined where it keeps none of them from trying the PIN. */
function shown(permit: PinPermit): PinLatch | undefined {
  const { attempts, host, rejection } = permit;
  if (rejection) return { state: 'rejected', attempts, host: rejection.host };
  return attempts > 0 ? { state: 'attempting', attempts, host } : undefined;
}

/** No other host knows of it. */
function ofThisHost(latch: PinLatch): PinLatch {
  return latch.state === 'clear' ? latch : { ...latch, host: hostname() };
}

type Settings = ReturnType<typeof tokensOf>[number]['settings'];

function latchOf(settings: Settings, link: Pick<SignerLink, 'state'>): Latch {
  return settings.signer ? ofLink(link) : inFile(settings.latch_file);
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

interface FollowDeps extends Pick<Deps, 'config' | 'links' | 'permits'> {
  readonly audit: Pick<AuditLog, 'lastAbout'>;
  readonly leadership: Pick<Leadership, 'leads'>;
  /** Of PINs that were rejected on any host. */
  readonly outages: Pick<Outages, 'began' | 'ended'>;
}

/** What other fronts did about the PINs: tries a PIN again that may be tried again, and has the leader tell of rejections. */
export function followPermits({ config, links, permits: all, audit, leadership, outages }: FollowDeps) {
  /** Of each token, the clearing that its signer was started for. */
  const heeded = new Map<string, number>();
  return async (): Promise<void> => {
    for (const { name, settings } of tokensOf(config)) {
      const [permits, link] = [all.get(name), links.get(name)];
      if (!permits || !link) continue;
      await permits.tell();
      if (link.state() === 'latched') {
        const cleared = await clearedSince(permits, name);
        if (cleared !== undefined && cleared > (heeded.get(name) ?? 0)) {
          heeded.set(name, cleared);
          latchOf(settings, link).clear();
        } else if (!(await permits.isOpenAgain())) continue;
        await link.start();
      } else await tell(name, await permits.read());
    }
  };

  /** The latch of this host counts as cleared where the service told so after the attempt, on whichever host. */
  async function clearedSince({ known }: TokenPermits, name: string): Promise<number | undefined> {
    if (!known?.permit || known.state === 'clear') return undefined;
    const told = await audit.lastAbout(`hsm:${name}`, CLEARED);
    if (!told || told.sequence <= known.permit.after) return undefined;
    // One person alone may clear what is clear at their front.
    return auditDetailsIn(told.detailsJson).was === CLEAR ? undefined : told.sequence;
  }

  async function tell(name: string, permit: PinPermit): Promise<void> {
    const occasion = permit.rejection && leadership.leads() ? occasionOf(permit) : undefined;
    if (occasion === undefined) outages.ended(name);
    else outages.began(name, occasion);
  }
}
