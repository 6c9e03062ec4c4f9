import { algorithmNamed, isRsa, MODULUS_BITS, type ModulusBits } from '../kernel/algorithm.ts';
import { KeywardError } from '../kernel/errors.ts';
import type { KeySpecification, PinTerms } from '../kernel/signer.ts';
import { isObject } from '../lib/json.ts';
import { MAX_KEYS as MAX_KEYS_IN_SET } from '../token/published-key-set.ts';
import { type Operations, SERVICE_LABELS } from './protocol.ts';
import type { ServiceKids, SignerSettings } from './settings.ts';

const HSM_ID = /^[0-9a-f]{32}$/;
/** Of the keys of scopes, and of decoys. */
export const KEY_LABEL = /^kw1\.[A-Za-z0-9_-]{43}$/;
export const MAX_BATCH = 16_384;
export const MAX_KEYS = 100_000;

/** Of further tokens, and former registry keys. */
export const MOST_BINDING_KEYS = 64;

const LONGEST_ID = 128;

/** Checks of what comes from the front, which has the types but may have been taken over. */
export function requireOpening({ sessions, otherBindingKeys, pin }: Operations['open']['takes']): void {
  requireThat(Number.isSafeInteger(sessions) && sessions > 0, 'number of sessions');
  requireThat(Array.isArray(otherBindingKeys) && otherBindingKeys.length <= MOST_BINDING_KEYS, 'binding key');
  requireThat(pin === undefined || areTerms(pin), 'terms of the PIN');
}

function areTerms({ permit, onlyAccepted }: PinTerms): boolean {
  return isPermission(permit) && typeof onlyAccepted === 'boolean';
}

function isPermission(permit: unknown): boolean {
  if (!isObject(permit)) return false;
  const { id, after } = permit;
  return (
    typeof id === 'string' && id.length <= LONGEST_ID && Number.isSafeInteger(after) && Number(after) >= 0
  );
}

export function requireBatch(batch: Operations['sign']['takes']): void {
  requireThat(Array.isArray(batch) && batch.length <= MAX_BATCH, 'batch');
  for (const item of batch) {
    requireThat(Array.isArray(item) && typeof item[0] === 'string' && typeof item[1] === 'string', 'batch');
    requireThat(item[2] === undefined || areRecords(item[2]), 'batch');
  }
}

export function requireReferences(references: Operations['serve']['takes'], most = MAX_KEYS): void {
  requireThat(Array.isArray(references) && references.length <= most, 'keys');
  const kids = new Set(references.map(({ kid }) => kid));
  requireThat(kids.size === references.length, 'keys: each once');
  for (const { kid, hsmId, bindingRecord } of references) {
    requireThat(typeof kid === 'string' && typeof bindingRecord === 'string' && isHsmId(hsmId), 'keys');
  }
}

export function requireHsmIds(hsmIds: Operations['release']['takes']): void {
  requireThat(Array.isArray(hsmIds) && hsmIds.length <= MAX_KEYS && hsmIds.every(isHsmId), 'keys');
}

const NONCE = /^[A-Za-z0-9_-]{8,128}$/;

export function requireProving({ key, nonce }: Operations['prove']['takes']): void {
  requireReferences([key]);
  requireThat(typeof nonce === 'string' && NONCE.test(nonce), 'nonce');
}

/** The labels of the token's service keys are for `keyward init`, when there are no such keys yet. */
export function requireSpecification(
  { hsmId, label, algorithm, modulusBits }: Operations['generate']['takes'],
  settings: ServiceKids & Pick<SignerSettings, 'serviceKeys'>,
): void {
  requireThat(isHsmId(hsmId), 'hsmId');
  const isNew = settings.serviceKeys.some(
    (member) => label === SERVICE_LABELS[member] && settings[member] === null,
  );
  requireThat(KEY_LABEL.test(label) || isNew, 'label');
  requireKind(algorithm, modulusBits);
}

export function requireTrial({ algorithm, modulusBits }: Operations['trial']['takes']): void {
  requireKind(algorithm, modulusBits);
}

function requireKind(algorithm: KeySpecification['algorithm'], modulusBits: ModulusBits | null): void {
  requireThat(algorithmNamed(algorithm) !== undefined, 'algorithm');
  const fits =
    modulusBits === null ? !isRsa(algorithm) : isRsa(algorithm) && MODULUS_BITS.includes(modulusBits);
  requireThat(fits, 'modulusBits');
}

export function requireDestroyed({ hsmId, kid, bindingRecord }: Operations['destroy']['takes']): void {
  requireThat(isHsmId(hsmId), 'hsmId');
  requireThat(
    typeof kid === 'string' && (bindingRecord === null || typeof bindingRecord === 'string'),
    'key',
  );
}

export function requireShown({ checkpoint, head }: Operations['sealed']['takes']): void {
  const isShown = (jws: unknown) => jws === null || typeof jws === 'string';
  requireThat(isShown(checkpoint) && isShown(head), 'statement');
}

export function requireKeyName({ hsmId }: { readonly hsmId: string }): void {
  requireThat(isHsmId(hsmId), 'hsmId');
}

function areRecords(value: unknown): boolean {
  return (
    Array.isArray(value) && value.length <= MAX_KEYS_IN_SET && value.every((each) => typeof each === 'string')
  );
}

function isHsmId(value: unknown): boolean {
  return typeof value === 'string' && HSM_ID.test(value);
}

function requireThat(holds: boolean, what: string): void {
  if (!holds) throw new KeywardError('invalid_request', `the signer was given a wrong ${what}`);
}
