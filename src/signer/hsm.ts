import type graphene from 'graphene-pk11';
import { KeywardError } from '../kernel/errors.ts';
import type { TokenDescription } from '../kernel/signer.ts';
import { isSoftwareHsm } from '../domain/software-hsm.ts';
import type { Cryptoki } from './cryptoki.ts';
import { calling } from './cryptoki-error.ts';
import { login } from './login.ts';
import { algorithmsOf } from './mechanisms.ts';
import { loadModule } from './module.ts';
import { type Profile, profileOf } from './profile.ts';
import { Session, SessionPool } from './session-pool.ts';
import type { SignerSettings } from './settings.ts';
import { findTokenSlot } from './token-slot.ts';

/** The token, open and logged in. Its sessions and handles live as long as this process. */
export interface Hsm {
  readonly cryptoki: Cryptoki;
  readonly description: TokenDescription;
  readonly profile: Profile;
  /** Keeps the login, and makes and destroys keys. */
  readonly anchor: SessionPool;
  /** One session for calls that come back at once. */
  readonly direct: SessionPool;
  /** Sessions for signatures that take their time. */
  readonly concurrent: SessionPool;
}

/** Nothing is ever closed or logged out: the process ends instead. */
export function openHsm(settings: SignerSettings): Hsm {
  const { module, cryptoki, lib } = loadModule(settings.modulePath);
  const { slot, token } = findTokenSlot(module, settings.tokenLabel, settings.tokenSerial);
  const size = sessionsFor(token, settings.sessions);
  if (settings.hardwareOnly) refuseSoftware(token);
  const anchor = new Session(cryptoki, slot.handle);
  login(cryptoki, anchor.handle, token, settings);
  const [first, ...others] = Array.from({ length: size }, () => new Session(cryptoki, slot.handle));
  const direct = new SessionPool(first ? [first] : []);
  return {
    cryptoki,
    description: describe(slot, token, size),
    profile: profileOf(calling('C_GetInfo', () => lib.C_GetInfo())),
    anchor: new SessionPool([anchor]),
    direct,
    concurrent: others.length > 0 ? new SessionPool(others) : direct,
  };
}

/** Before any PIN is tried. */
function refuseSoftware({ manufacturerID: manufacturer, model, label }: graphene.Token): void {
  if (!isSoftwareHsm({ manufacturer, model })) return;
  throw new KeywardError(
    'invalid_config',
    `token ${label} is a software HSM (${manufacturer}), which production refuses; allow_software: true beside its token_label takes it all the same`,
  );
}

/** CK_EFFECTIVELY_INFINITE and CK_UNAVAILABLE_INFORMATION, the latter as 32 bits have it. */
const UNLIMITED = new Set([0, 0xffffffff]);

/** How many sessions may stand beside the anchor. */
export function sessionsFor(
  token: Pick<graphene.Token, 'maxSessionCount' | 'maxRwSessionCount'>,
  configured: number,
): number {
  const limits = [token.maxSessionCount, token.maxRwSessionCount].filter((limit) => !UNLIMITED.has(limit));
  const size = Math.min(configured, ...limits.map((limit) => limit - 1));
  if (size < 1) throw new KeywardError('hsm_refused', 'the HSM token allows fewer than two sessions');
  return size;
}

function describe(slot: graphene.Slot, token: graphene.Token, sessions: number): TokenDescription {
  const mechanisms = mechanismsOf(slot);
  const { major, minor } = token.firmwareVersion;
  return {
    label: token.label,
    serial: token.serialNumber,
    manufacturer: token.manufacturerID,
    model: token.model,
    firmware: `${major}.${minor}`,
    algorithms: algorithmsOf(mechanisms),
    sessions,
    mechanisms,
  };
}

function mechanismsOf(slot: graphene.Slot): number[] {
  return calling('C_GetMechanismList', () => slot.lib.C_GetMechanismList(slot.handle));
}
