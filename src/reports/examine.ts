import { KeywardError } from '../kernel/errors.ts';
import type { LedgerReader, RecordedToken } from '../kernel/issuance.ts';
import type { KnownKey, KnownKeys, SigningKey } from '../kernel/key.ts';
import type { IssuedAnswer, IssuedReader } from '../kernel/ledger-search.ts';
import { hashedSubject } from '../kernel/policy.ts';
import type { RevocationCheck } from '../kernel/revocation.ts';
import type { TokenVerifier } from '../kernel/verification.ts';
import { MAX_TOKEN_LENGTH, type ParsedToken, parseToken } from '../token/parse-token.ts';
import { verifySignature } from '../token/signature.ts';
import { digestOf } from '../token/signing-input.ts';
import {
  type IssuedAround,
  NOTHING_FOUND,
  type Surroundings,
  type TokenFindings,
  type TokenTrace,
} from './findings.ts';

export interface ReportedToken {
  /** For which it was reported. */
  readonly scopeId: string;
  readonly token: string;
  /** That of the report. */
  readonly requestId: string;
}

/** Finds out about a token that somebody shows. */
export interface TokenExaminer {
  /** SHA-256 of what the signature is over, whatever was shown: all before the last dot. */
  digestOf(token: string): Buffer;
  /**
   * Never rejects for what was shown: what could not be found out stands in `failure`. A right signature without a
   * record raises the alarm that `verify` raises.
   */
  examine(shown: ReportedToken): Promise<TokenFindings>;
}

interface ExaminingDeps {
  readonly knownKeys: Pick<KnownKeys, 'knownKey'>;
  readonly ledger: LedgerReader;
  readonly issued: IssuedReader;
  readonly revocations: RevocationCheck;
  /** Whoever asks it has the alarm rung for a forgery. */
  readonly verifier: TokenVerifier;
}

/** What else was issued is looked for so long before the token and after it. */
const AROUND_SECONDS = 6 * 3_600;
const MOST_LISTED = 20;

/** What a token proves by itself, and what the ledger knows beside it. No claim of it is kept. */
export function createTokenExaminer(deps: ExaminingDeps): TokenExaminer {
  return {
    digestOf: (token) => digestOf(signedPart(token)),
    async examine(shown) {
      const parsed = parseToken(shown.token, MAX_TOKEN_LENGTH);
      if (!parsed.ok) return NOTHING_FOUND;
      const { token } = parsed;
      const found: Mutable<TokenFindings> = { ...NOTHING_FOUND, readable: true };
      try {
        await examineToken(deps, shown, token, found);
      } catch (error) {
        if (!(error instanceof KeywardError)) throw error;
        found.failure = error.code;
      }
      return found;
    },
  };
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** All before the last dot is what a signature would be over. */
function signedPart(token: string): string {
  const lastDot = token.lastIndexOf('.');
  return lastDot < 0 ? token : token.slice(0, lastDot);
}

/** Into `found` step by step, so that what was found stays where a later step fails. */
async function examineToken(
  deps: ExaminingDeps,
  shown: ReportedToken,
  token: ParsedToken,
  found: Mutable<TokenFindings>,
): Promise<void> {
  const known = deps.knownKeys.knownKey(token.header.kid);
  if (known) {
    found.key = keyFacts(known);
    found.signature = await signatureOf(token, known.key);
  }
  found.verdict = await verdictOf(deps, known?.key, shown);
  if (!known) return;
  const record = await recordOf(deps, known.key, token);
  if (!record) return;
  found.record = traceOf(record);
  found.revoked = deps.revocations.covers(record);
  found.around = await surroundings(deps, record);
}

function keyFacts({ key, proof }: KnownKey): TokenFindings['key'] {
  return { kid: key.kid, scope: key.scopeId, state: key.state, proof: proof.status };
}

/** Whatever became of the key since. */
async function signatureOf(
  { header, signingInput, signature }: ParsedToken,
  { binding, publicKey }: SigningKey,
): Promise<TokenFindings['signature']> {
  const { algorithm } = binding;
  if (header.alg !== algorithm) return 'unchecked';
  return (await verifySignature(algorithm, publicKey, signingInput, signature)) ? 'right' : 'wrong';
}

/** For the scope of the key, whichever the report was for: there a forgery is one. Decoys are looked for there, too. */
async function verdictOf(
  { verifier }: ExaminingDeps,
  key: SigningKey | undefined,
  { scopeId, token, requestId }: ReportedToken,
) {
  const by = { clientId: null, remote: undefined, requestId, through: 'report' } as const;
  const verdict = await verifier.verify(key?.scopeId ?? scopeId, token, by);
  return verdict.valid ? 'valid' : verdict.reason;
}

/** In the archive too, where the token has expired long ago. */
async function recordOf(
  { ledger, issued }: ExaminingDeps,
  { kid }: SigningKey,
  { claims, signingInput }: ParsedToken,
): Promise<(RecordedToken & { sequence?: number }) | undefined> {
  const { iat, jti } = claims;
  if (typeof iat !== 'number' || !Number.isSafeInteger(iat) || typeof jti !== 'string') return undefined;
  // No record has one, and PostgreSQL takes no such question.
  if (jti.includes('\0')) return undefined;
  const digest = digestOf(signingInput);
  const online = await ledger.find(digest, iat);
  if (online?.kid === kid) return online;
  const { entries } = await issued.issued({
    by: 'jti',
    values: [jti],
    from: iat,
    to: iat,
    limit: MOST_LISTED,
  });
  return entries.find((entry) => entry.digest.equals(digest));
}

async function surroundings({ issued }: ExaminingDeps, record: RecordedToken): Promise<Surroundings> {
  const { clientId, subject, iat } = record;
  const bounds = { from: iat - AROUND_SECONDS, to: iat + AROUND_SECONDS, limit: MOST_LISTED };
  const client = await issued.issued({ ...bounds, by: 'client', values: [clientId] });
  const subjects = subject === null ? [] : [subject, hashedSubject(subject)];
  const same =
    subjects.length === 0 ? null : await issued.issued({ ...bounds, by: 'subject', values: subjects });
  return { from: bounds.from, to: bounds.to, client: around(client), subject: same && around(same) };
}

function around({ tokens, entries, complete }: IssuedAnswer): IssuedAround {
  return { tokens, listed: entries.map(traceOf), complete };
}

function traceOf(of: RecordedToken & { readonly sequence?: number }): TokenTrace {
  const { sequence = null, scopeId: scope, kid, jti, clientId: client, iat, exp } = of;
  return { sequence, scope, kid, jti, client, iat, exp };
}
