import type { HeadStatement, RowStatement } from '../kernel/registry.ts';
import { isCount, isDigest } from './claim-checks.ts';
import { parseToken } from './parse-token.ts';
import { composeSigningInput } from './signing-input.ts';
import { type Claims, readStatement, SERVICE_ALGORITHM, type StatementKey } from './statement.ts';

export const REGISTRY_ROW_TYP = 'kw-registry-row+jwt';
export const REGISTRY_HEAD_TYP = 'kw-registry-head+jwt';

/** The signing input for one row of the registry. */
export function composeRowStatement(statement: RowStatement, kid: string): string {
  const { table, id, version, contentHash } = statement;
  return compose(REGISTRY_ROW_TYP, kid, { table, id, version, content_sha256: contentHash });
}

/** The signing input for the registry as a whole. */
export function composeHeadStatement({ version, previous, buckets }: HeadStatement, kid: string): string {
  return compose(REGISTRY_HEAD_TYP, kid, { version, previous, buckets });
}

/** Undefined unless the registry key signed it as the statement of a row, with those members and no other. */
export async function readRowStatement(jws: string, key: StatementKey): Promise<RowStatement | undefined> {
  const claims = await readStatement(jws, REGISTRY_ROW_TYP, () => key);
  if (!claims || !isRowStatement(claims)) return undefined;
  const { table, id, version, content_sha256: contentHash } = claims;
  return { table, id, version, contentHash } as RowStatement;
}

export async function readHeadStatement(jws: string, key: StatementKey): Promise<HeadStatement | undefined> {
  const claims = await readStatement(jws, REGISTRY_HEAD_TYP, () => key);
  if (!claims || !isHeadStatement(claims)) return undefined;
  const { version, previous, buckets } = claims;
  return { version, previous, buckets } as HeadStatement;
}

/** The version in a head that the signer keeps, whichever registry key signed it. */
export function headVersionIn(jws: string): number {
  const parsed = parseToken(jws);
  return parsed.ok && isHeadStatement(parsed.token.claims) ? Number(parsed.token.claims.version) : 0;
}

/** The version that the head of the database had when this one was signed: it was committed. */
export function headFollowedIn(jws: string): number {
  const parsed = parseToken(jws);
  return parsed.ok && isHeadStatement(parsed.token.claims) ? Number(parsed.token.claims.previous) : 0;
}

export function isRowStatement(claims: Claims): boolean {
  const { table, id, version, content_sha256: contentHash } = claims;
  return (
    Object.keys(claims).length === 4 &&
    typeof table === 'string' &&
    typeof id === 'string' &&
    isVersion(version) &&
    isDigest(contentHash)
  );
}

export function isHeadStatement(claims: Claims): boolean {
  const { version, previous, buckets } = claims;
  return (
    Object.keys(claims).length === 3 &&
    isVersion(version) &&
    (previous === 0 || isVersion(previous)) &&
    Number(previous) < Number(version) &&
    Array.isArray(buckets) &&
    buckets.length > 0 &&
    buckets.every(isDigest)
  );
}

function compose(typ: string, kid: string, claims: Claims): string {
  return composeSigningInput({ alg: SERVICE_ALGORITHM, typ, kid }, JSON.stringify(claims));
}

function isVersion(value: unknown): boolean {
  return isCount(value) && value > 0;
}

/** `typ` of what the registry key signs to show that the HSM signs: it says nothing to anybody. */
export const PROBE_TYP = 'kw-probe+jwt';

export function composeProbe(kid: string, iat: number): string {
  return composeSigningInput({ alg: 'ES256', typ: PROBE_TYP, kid }, JSON.stringify({ iat }));
}

export function isProbe(claims: Readonly<Record<string, unknown>>): boolean {
  return Object.keys(claims).length === 1 && Number.isSafeInteger(claims.iat);
}
