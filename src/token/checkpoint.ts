import { hash } from 'node:crypto';
import { CHAINS, type ChainHead, type Checkpoint, mapChains } from '../kernel/audit-chain.ts';
import { encodeBase64url } from './base64url.ts';
import { isCount, isDigest } from './claim-checks.ts';
import { composeSigningInput } from './signing-input.ts';
import { type Claims, readStatement, SERVICE_ALGORITHM, type StatementKey } from './statement.ts';

export const CHECKPOINT_TYP = 'kw-checkpoint+jwt';
const MEMBERS = ['number', 'previous', 'iat', ...CHAINS];

export interface AuditPublicKey extends StatementKey {
  /** The audit keys before it, the oldest first; default: none. */
  readonly former?: readonly FormerAuditKey[] | undefined;
}

/** An audit key that was lost with its HSM token. */
export interface FormerAuditKey extends StatementKey {
  /** Number of the last checkpoint that it may have signed. Whoever has the token could sign more. */
  readonly lastCheckpoint: number;
}

/** The signing input of a checkpoint, for the audit key. */
export function composeCheckpoint({ number, previous, time, heads }: Checkpoint, kid: string): string {
  const claims = {
    number,
    previous: encodeBase64url(previous),
    iat: time,
    ...mapChains((name) => written(heads[name])),
  };
  return composeSigningInput({ alg: SERVICE_ALGORITHM, typ: CHECKPOINT_TYP, kid }, JSON.stringify(claims));
}

/**
 * Undefined unless the audit key signed it as a checkpoint, with those members and no other: for each number there is
 * one key whose word counts.
 */
export async function readCheckpoint(jws: string, key: AuditPublicKey): Promise<Checkpoint | undefined> {
  const claims = await readStatement(jws, CHECKPOINT_TYP, (_kid, said) =>
    isCheckpoint(said) ? auditKeyAt(key, Number(said.number)) : undefined,
  );
  return claims && checkpointIn(claims);
}

/** Without those former keys that were out of use when that checkpoint was taken. */
export function auditKeysSince(key: AuditPublicKey, number: number): AuditPublicKey {
  return { ...key, former: key.former?.filter(({ lastCheckpoint }) => lastCheckpoint >= number) };
}

/** The audit key in use when that checkpoint was taken. */
function auditKeyAt(key: AuditPublicKey, number: number): StatementKey {
  return key.former?.find(({ lastCheckpoint }) => number <= lastCheckpoint) ?? key;
}

/** What the next checkpoint names as its `previous`. */
export function checkpointDigest(jws: string): Buffer {
  return hash('sha256', jws, 'buffer');
}

export function isCheckpoint(claims: Claims): boolean {
  return (
    Object.keys(claims).length === MEMBERS.length &&
    MEMBERS.every((name) => Object.hasOwn(claims, name)) &&
    isCount(claims.number) &&
    claims.number !== 0 &&
    isDigest(claims.previous) &&
    isCount(claims.iat) &&
    CHAINS.every((name) => isHead(claims[name]))
  );
}

function checkpointIn(claims: Claims): Checkpoint {
  const { number, previous, iat } = claims as { number: number; previous: string; iat: number };
  return {
    number,
    previous: Buffer.from(previous, 'base64url'),
    time: iat,
    heads: mapChains((name) => {
      const { sequence, hash } = claims[name] as { sequence: number; hash: string };
      return { sequence, hash: Buffer.from(hash, 'base64url') };
    }),
  };
}

function written({ sequence, hash }: ChainHead): object {
  return { sequence, hash: encodeBase64url(hash) };
}

function isHead(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Object.keys(value).length !== 2) return false;
  const { sequence, hash } = value as Claims;
  return isCount(sequence) && isDigest(hash);
}
