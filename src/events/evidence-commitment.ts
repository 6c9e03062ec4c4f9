import { hash } from 'node:crypto';
import type { SecurityEvent } from '../kernel/security-events.ts';
import { isObject } from '../lib/json.ts';

const TAG = Buffer.from('keyward-event-evidence-v2\0');
const PERSONAL_TAG = 'keyward-event-personal-v1';
/** The members of evidence that hold personal values, and the only ones that are ever erased. */
const PERSONAL_MEMBERS = ['claims', 'record'] as const;
const OUTER_BYTES = 16;
/** The second half is of the personal values alone, and goes with them. */
export const EVIDENCE_SALT_BYTES = 2 * OUTER_BYTES;

type Members = Readonly<Record<string, unknown>>;

/**
 * What the audit trail keeps of a security event's evidence: SHA-256(outer salt ‖ tag ‖ JSON text), where the personal
 * values are commitments of their own. So these can be erased, and all else stays provable.
 * Evidence that was never written like this, since it is no JSON object or not in its one spelling, has a commitment
 * that no evidence has.
 */
export function evidenceCommitment(salt: Uint8Array, evidenceJson: string): Buffer {
  const json = isWritten(evidenceJson) ? withoutPersonalEvidence(salt, evidenceJson).json : evidenceJson;
  return hash('sha256', Buffer.concat([salt.subarray(0, OUTER_BYTES), TAG, Buffer.from(json)]), 'buffer');
}

/** The evidence and its salt once the personal values are erased: a commitment, base64url, stands for each. */
export function withoutPersonalEvidence(
  salt: Uint8Array,
  evidenceJson: string,
): { json: string; salt: Uint8Array } {
  const inner = salt.subarray(OUTER_BYTES);
  const evidence = membersIn(evidenceJson) ?? {};
  const members = Object.entries(evidence).map(([name, value]) => [
    name,
    isPersonal(name) && isObject(value) ? personalCommitment(inner, name, value) : value,
  ]);
  return { json: JSON.stringify(Object.fromEntries(members)), salt: salt.subarray(0, OUTER_BYTES) };
}

/** Whether personal values of the evidence were erased. */
export function isErased(evidenceJson: string): boolean {
  const evidence = membersIn(evidenceJson) ?? {};
  return PERSONAL_MEMBERS.some((name) => typeof evidence[name] === 'string');
}

/** As people read it: null for what was erased; nothing of a row that somebody else wrote and that cannot be read. */
export function readableEvidence(evidenceJson: string): Members {
  const evidence = membersIn(evidenceJson) ?? {};
  const erased = PERSONAL_MEMBERS.filter((name) => typeof evidence[name] === 'string');
  return { ...evidence, ...Object.fromEntries(erased.map((name) => [name, null])) };
}

function isWritten(evidenceJson: string): boolean {
  const members = membersIn(evidenceJson);
  return members !== undefined && JSON.stringify(members) === evidenceJson;
}

/** Undefined for what is no JSON object: whoever writes to the database can put any text there. */
function membersIn(evidenceJson: string): Members | undefined {
  try {
    const evidence: unknown = JSON.parse(evidenceJson);
    return isObject(evidence) ? evidence : undefined;
  } catch {
    return undefined;
  }
}

function personalCommitment(salt: Uint8Array, name: string, value: unknown): string {
  const text = Buffer.from(`${PERSONAL_TAG} ${name}\0${JSON.stringify(value)}`);
  return hash('sha256', Buffer.concat([salt, text]), 'base64url');
}

function isPersonal(name: string): boolean {
  return PERSONAL_MEMBERS.some((member) => member === name);
}

type ChainedFields = Pick<SecurityEvent, 'sequence' | 'type' | 'severity' | 'dedupKey'>;

/**
 * The details of the audit event that is written with a security event: with its subject and time they fix every
 * value of the row, the evidence by its commitment. Whoever checks the row composes the same.
 */
export function securityEventDetails(
  { sequence, type, severity, dedupKey }: ChainedFields,
  commitment: Uint8Array,
): Readonly<Record<string, unknown>> {
  return {
    sequence,
    type,
    severity,
    dedup_key: dedupKey,
    evidence_commitment: Buffer.from(commitment).toString('base64url'),
  };
}
