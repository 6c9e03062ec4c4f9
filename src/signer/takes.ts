import { algorithmNamed, isRsa, MODULUS_BITS } from '../domain/algorithm.ts';
import { KeywardError } from '../domain/errors.ts';
import { MAX_KEYS as MAX_KEYS_IN_SET } from '../token/published-key-set.ts';
import { type Operations, SERVICE_LABELS, type ServiceKids } from './protocol.ts';

const SERVICE_KEYS = Object.keys(SERVICE_LABELS) as (keyof ServiceKids)[];
const HSM_ID = /^[0-9a-f]{32}$/;
const SCOPE_LABEL = /^kw1\.[A-Za-z0-9_-]{43}$/;
const MAX_BATCH = 16_384;
const MAX_KEYS = 100_000;

/** Checks of what comes from the front, which has the types but may have been taken over. */
export function requireBatch(batch: Operations['sign']['takes']): void {
  demand(Array.isArray(batch) && batch.length <= MAX_BATCH, 'batch');
  for (const item of batch) {
    demand(Array.isArray(item) && typeof item[0] === 'string' && typeof item[1] === 'string', 'batch');
    demand(item[2] === undefined || areRecords(item[2]), 'batch');
  }
}

export function requireReferences(references: Operations['serve']['takes']): void {
  demand(Array.isArray(references) && references.length <= MAX_KEYS, 'keys');
  const kids = new Set(references.map(({ kid }) => kid));
  demand(kids.size === references.length, 'keys: each once');
  for (const { kid, hsmId, bindingRecord } of references) {
    demand(typeof kid === 'string' && typeof bindingRecord === 'string' && isHsmId(hsmId), 'keys');
  }
}

const NONCE = /^[A-Za-z0-9_-]{8,128}$/;

export function requireProving({ key, nonce }: Operations['prove']['takes']): void {
  requireReferences([key]);
  demand(typeof nonce === 'string' && NONCE.test(nonce), 'nonce');
}

/** The labels of the service's own keys are for `keyward init`, when there are no such keys yet. */
export function requireSpecification(
  { hsmId, label, algorithm, modulusBits }: Operations['generate']['takes'],
  named: ServiceKids,
): void {
  demand(isHsmId(hsmId), 'hsmId');
  const isNew = SERVICE_KEYS.some((member) => label === SERVICE_LABELS[member] && named[member] === null);
  demand(SCOPE_LABEL.test(label) || isNew, 'label');
  demand(algorithmNamed(algorithm) !== undefined, 'algorithm');
  const fits =
    modulusBits === null ? !isRsa(algorithm) : isRsa(algorithm) && MODULUS_BITS.includes(modulusBits);
  demand(fits, 'modulusBits');
}

/** 1,000 candidates of 64 bytes, with what seals them. */
const MAX_SEALED_BYTES = 66_000;

export function requireSealed({ sealed }: Operations['comparePins']['takes']): void {
  demand(sealed instanceof Uint8Array && sealed.length <= MAX_SEALED_BYTES, 'batch');
}

export function requireKeyName({ hsmId }: { readonly hsmId: string }): void {
  demand(isHsmId(hsmId), 'hsmId');
}

function areRecords(value: unknown): boolean {
  return (
    Array.isArray(value) && value.length <= MAX_KEYS_IN_SET && value.every((each) => typeof each === 'string')
  );
}

function isHsmId(value: unknown): boolean {
  return typeof value === 'string' && HSM_ID.test(value);
}

function demand(holds: boolean, what: string): void {
  if (!holds) throw new KeywardError('invalid_request', `the signer was given a wrong ${what}`);
}
