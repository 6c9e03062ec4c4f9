import { randomBytes } from 'node:crypto';
import { KeywardError } from '../kernel/errors.ts';
import type { PublicJwk } from '../kernel/key.ts';
import { Mutex } from '../lib/mutex.ts';
import type { BindingIssuer } from '../token/binding-record.ts';
import { importPublicKey, thumbprint } from '../token/public-jwk.ts';
import {
  MAX_KEYS,
  requireBatch,
  requireDestroyed,
  requireHsmIds,
  requireKeyName,
  requireOpening,
  requireProving,
  requireReferences,
  requireShown,
  requireSpecification,
  requireTrial,
} from './check-requests.ts';
import { destroyKey, discard } from './destroy.ts';
import type { Epoch } from './epoch.ts';
import { generate } from './generate.ts';
import { OwnClock } from './guard.ts';
import { type Hsm, keepAlive, openHsm } from './hsm.ts';
import { takeInventory } from './inventory.ts';
import { LoadedKeys } from './loaded-keys.ts';
import { readPinState } from './pin-latch.ts';
import type { Log, Operation, Operations, Reply, Request } from './protocol.ts';
import { attest, serve, serveAlso } from './serve.ts';
import { serveAudit, serveBindingIssuer, showSealed } from './serve-registry.ts';
import type { ServiceKids, SignerSettings } from './settings.ts';
import { signBatch } from './sign.ts';
import { openState, type SignerState } from './state/signer-state.ts';
import { tryKey } from './trial.ts';

/** Not as Keyward labels its keys: what a killed trial leaves is nobody's key. */
const TRIAL_LABEL = 'keyward trial';

export type OperationTable = {
  readonly [K in Operation]: (takes: Operations[K]['takes']) => Promise<Operations[K]['gives']>;
};

interface Opened {
  readonly hsm: Hsm;
  readonly settings: SignerSettings;
  readonly state: SignerState;
  readonly clock: OwnClock;
  readonly others: readonly BindingIssuer[];
}

/**
 * Everything the signer does, by the name it is asked for. What it is given is checked: the front may lie. The
 * settings come from the file that this process was started with.
 */
export function createOperations(epoch: Epoch, log: Log, settingsOf: () => SignerSettings): OperationTable {
  const loadedKeys = new LoadedKeys();
  // What puts keys into service or takes them out: overlapping, an older set could stay loaded.
  const changingLoadedKeys = new Mutex();
  let opened: Opened | undefined;
  const now = (): Opened => opened ?? fail('hsm_unavailable', 'the signer has not been opened');

  const serveOwnKeys = async ({ hsm, state, clock, others, settings }: Opened): Promise<boolean> => {
    const named = ownKeys(settings, state);
    const guarding = { hsm, state, clock, others };
    const bindingIssuerFound = await serveBindingIssuer(hsm, loadedKeys, named, guarding, log);
    if (named.auditKid !== null) await serveAudit(hsm, loadedKeys, named.auditKid, guarding, log);
    return bindingIssuerFound;
  };
  const areOwnKeysServed = ({ settings, state }: Opened): boolean =>
    loadedKeys.bindingIssuer !== null &&
    (loadedKeys.audit !== null || ownKeys(settings, state).auditKid === null);

  return {
    async pin() {
      return readPinState(settingsOf());
    },
    async open(takes) {
      if (opened) fail('invalid_request', 'the signer is open already');
      requireOpening(takes);
      const settings = settingsOf();
      const state = openState(settings);
      const others = bindingIssuersIn(takes.otherBindingKeys, settings, log);
      const sessions = Math.min(settings.sessions, takes.sessions);
      const hsm = openHsm({ ...settings, sessions }, epoch, takes.pin);
      const clock = new OwnClock(settings.clockSkewSeconds);
      opened = { hsm, settings, state, clock, others };
      if (state.missing.length > 0 && (settings.registryKid ?? settings.bindingKid) !== null) {
        log('error', 'the signer has no state: it learns what it sealed and bound from what is signed', {
          stateDir: settings.stateDir,
          missing: state.missing,
        });
      }
      keepAlive(hsm, epoch);
      await serveOwnKeys(opened);
      return hsm.description;
    },
    async sign(batch) {
      requireBatch(batch);
      return signBatch({ hsm: now().hsm, loadedKeys, epoch }, batch);
    },
    async generate(specification) {
      const { hsm, settings, state } = now();
      requireSpecification(specification, settings);
      return generate(hsm, state, specification);
    },
    async trial(kind) {
      const { hsm } = now();
      requireTrial(kind);
      return tryKey(hsm, { ...kind, hsmId: randomBytes(16).toString('hex'), label: TRIAL_LABEL });
    },
    async serve(references) {
      const current = now();
      const { hsm, state, clock } = current;
      requireReferences(references);
      return changingLoadedKeys.runExclusive(async () => {
        const bindingIssuerFound = await serveOwnKeys(current);
        return serve({ hsm, loadedKeys, state, clock }, { references, bindingIssuerFound }, log);
      });
    },
    async serveAlso(references) {
      const current = now();
      const { hsm, state, clock } = current;
      return changingLoadedKeys.runExclusive(async () => {
        requireReferences(references, MAX_KEYS - loadedKeys.size);
        const bindingIssuerFound = areOwnKeysServed(current) || (await serveOwnKeys(current));
        return serveAlso({ hsm, loadedKeys, state, clock }, { references, bindingIssuerFound }, log);
      });
    },
    async release(hsmIds) {
      requireHsmIds(hsmIds);
      return changingLoadedKeys.runExclusive(async () => {
        loadedKeys.removeIds(new Set(hsmIds));
        return null;
      });
    },
    async prove(takes) {
      const { hsm, state, clock } = now();
      requireProving(takes);
      return attest({ hsm, loadedKeys, state, clock }, takes);
    },
    async inventory() {
      return takeInventory(now().hsm);
    },
    async discard(key) {
      const { hsm, state, settings } = now();
      requireKeyName(key);
      return changingLoadedKeys.runExclusive(async () =>
        discard({ hsm, loadedKeys, state, named: ownKeys(settings, state) }, key),
      );
    },
    async destroy(key) {
      const { hsm, state, settings } = now();
      requireDestroyed(key);
      return changingLoadedKeys.runExclusive(async () =>
        destroyKey({ hsm, loadedKeys, state, named: ownKeys(settings, state) }, key),
      );
    },
    async sealed(shown) {
      const { state } = now();
      requireShown(shown);
      return showSealed(loadedKeys, state.sealed, shown, log);
    },
    async describe() {
      const { hsm } = now();
      // A front that asks wants to know whether the module still answers.
      await hsm.direct.lend((session) => session.keepAlive());
      return hsm.description;
    },
    async report() {
      return now().hsm.report();
    },
  };
}

/** Does what a request asks, and answers it whatever happens. */
export async function answer(operations: OperationTable, epoch: Epoch, request: Request): Promise<Reply> {
  const { id, op, takes } = request;
  if (epoch.end && op !== 'pin') return { id, failure: epoch.end };
  if (!Object.hasOwn(operations, op)) {
    return { id, failure: { code: 'invalid_request', message: 'the signer knows no such operation' } };
  }
  try {
    const perform = operations[op] as (takes: unknown) => Promise<Operations[Operation]['gives']>;
    return { id, gives: await perform(takes) };
  } catch (error) {
    return { id, failure: epoch.failed(op, error) };
  }
}

/** A further token's signer signs key sets only while the first one is away: it serves its own keys without the others. */
function bindingIssuersIn(
  jwks: readonly PublicJwk[],
  { otherBindingKids, registryKid }: SignerSettings,
  log: Log,
): readonly BindingIssuer[] {
  return jwks.flatMap((jwk) => {
    const kid = thumbprint(jwk);
    if (otherBindingKids.includes(kid)) return [{ kid, publicKey: importPublicKey(jwk) }];
    if (registryKid !== null) fail('invalid_request', 'the settings name no such binding key');
    log(
      'warn',
      'the settings do not name a key that binds the keys of another token: no key set with these is signed',
      {
        kid,
      },
    );
    return [];
  });
}

/** While `keyward init` makes them, the settings name none yet. */
function ownKeys(settings: SignerSettings, { keys }: SignerState): ServiceKids {
  const kidOf = (member: keyof ServiceKids) =>
    settings[member] ?? (settings.serviceKeys.includes(member) ? keys.serviceKids()[member] : null);
  return {
    registryKid: kidOf('registryKid'),
    auditKid: kidOf('auditKid'),
    bindingKid: kidOf('bindingKid'),
  };
}

function fail(code: 'hsm_unavailable' | 'invalid_request', message: string): never {
  throw new KeywardError(code, message);
}
