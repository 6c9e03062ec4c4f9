import type { Checkpoint, RunDescription, RunPublicKey, StoredRun } from '../kernel/audit-chain.ts';
import { type AuditPublicKey, auditKeysSince } from './checkpoint.ts';
import { isCount } from './claim-checks.ts';
import { composeSigningInput } from './signing-input.ts';
import { type Claims, readStatement, SERVICE_ALGORITHM } from './statement.ts';

export const RUN_TYP = 'keyward-run+jwt';
const RUN_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const ED25519_KEY = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/;

/** The signing input of a run's certificate, for the audit key. `iat` in seconds since the epoch. */
export function composeRunCertificate(
  { id, publicKey, startedAt }: RunDescription,
  iat: number,
  kid: string,
): string {
  const claims = { run: id, public_key: publicKey, started_at: startedAt, iat };
  return composeSigningInput({ alg: SERVICE_ALGORITHM, typ: RUN_TYP, kid }, JSON.stringify(claims));
}

/**
 * Undefined unless the audit key, or one of the former ones that come with it, signed it as the certificate of a run,
 * with those members and no other.
 */
export async function readRunCertificate(
  jws: string,
  key: AuditPublicKey,
): Promise<RunDescription | undefined> {
  const claims = await readStatement(jws, RUN_TYP, (kid) =>
    [key, ...(key.former ?? [])].find((each) => each.kid === kid),
  );
  if (!claims || !isRunCertificate(claims)) return undefined;
  const { run, public_key, started_at } = claims as { run: string; public_key: string; started_at: number };
  return { id: run, publicKey: public_key, startedAt: started_at };
}

/** Whether the audit key stands for this run, its key and its start. */
export async function isCertified(run: StoredRun, key: AuditPublicKey): Promise<boolean> {
  const said = run.certificate === null ? undefined : await readRunCertificate(run.certificate, key);
  return said?.id === run.id && said.publicKey === run.publicKey && said.startedAt === run.startedAt;
}

/**
 * The run as far as its seals count; undefined where no audit key certified it. Whoever has a lost HSM token can go on
 * certifying: what a former audit key certified counts up to the last checkpoint, once that is a successor's.
 */
export async function certifiedRun(
  run: StoredRun,
  key: AuditPublicKey,
  checkpoint: Checkpoint | undefined,
): Promise<RunPublicKey | undefined> {
  const { id, publicKey } = run;
  if (await isCertified(run, auditKeysSince(key, checkpoint?.number ?? 0))) return { id, publicKey };
  if (!checkpoint || !(await isCertified(run, key))) return undefined;
  const { audit, ledger } = checkpoint.heads;
  return { id, publicKey, until: { audit: audit.sequence, ledger: ledger.sequence } };
}

/** Those of the runs that an audit key certified. */
export async function certifiedRuns(
  runs: Iterable<StoredRun>,
  key: AuditPublicKey,
  checkpoint: Checkpoint | undefined,
): Promise<readonly RunPublicKey[]> {
  const certified: RunPublicKey[] = [];
  for (const run of runs) {
    const counts = await certifiedRun(run, key, checkpoint);
    if (counts) certified.push(counts);
  }
  return certified;
}

export function isRunCertificate(claims: Claims): boolean {
  const { run, public_key, started_at, iat } = claims;
  return (
    Object.keys(claims).length === 4 &&
    typeof run === 'string' &&
    RUN_ID.test(run) &&
    typeof public_key === 'string' &&
    ED25519_KEY.test(public_key) &&
    [started_at, iat].every(isCount)
  );
}
