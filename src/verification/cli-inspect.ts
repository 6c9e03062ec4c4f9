import { hash } from 'node:crypto';
import type { Context } from '../cli/context.ts';
import { EXIT, usageFailure } from '../cli/failure.ts';
import { readJsonInput } from '../cli/input-file.ts';
import { memberFields } from '../cli/members.ts';
import { type CallService, connect } from '../cli/operations-client.ts';
import { showPlainly } from '../cli/show.ts';
import { type Cell, fields, table } from '../cli/table.ts';
import { humanTime } from '../cli/text.ts';
import { type Algorithm, algorithmNamed } from '../kernel/algorithm.ts';
import type { TokenType } from '../kernel/policy.ts';
import { humanInstant } from '../lib/instant.ts';
import { isAllowedType } from '../token/check-claims.ts';
import { type ParsedToken, parseToken } from '../token/parse-token.ts';
import { importPublicKey, readPublicJwk } from '../token/public-jwk.ts';
import { readPublishedKey, readPublishedPolicy } from '../token/published-key-set.ts';
import { verifySignature } from '../token/signature.ts';
import { readToken } from './cli-token.ts';

/** What a token is held against; null: not known here. */
interface Standard {
  readonly scope: string;
  readonly algorithm: Algorithm;
  readonly jwk: unknown;
  readonly issuer: string | null;
  readonly audience: string | null;
  readonly state: string | null;
  readonly signFrom: number | null;
  readonly signUntil: number;
  readonly tokenTypes: readonly TokenType[];
  readonly clockSkewSeconds: number;
  readonly maxTtlSeconds: number;
}

/** Null where it cannot be told. */
interface Rule {
  readonly rule: string;
  readonly holds: boolean | null;
  readonly detail: string;
}

const USABLE: ReadonlySet<string> = new Set(['active', 'deactivated']);

/** Rule by rule, also behind the first that is broken: a verifier says only that one. */
export async function tokenInspect(
  context: Context,
  file: string | undefined,
  { keySet }: { readonly keySet?: string },
): Promise<void> {
  const parsed = parseToken(readToken(file));
  if (!parsed.ok) throw usageFailure(`this is no token that anybody should accept: ${parsed.problem}`);
  const { token } = parsed;
  const call = keySet === undefined ? await connect(context) : undefined;
  const standard = call ? await ofService(call, token.header.kid) : ofKeySet(keySet ?? '', token.header.kid);
  const rules = standard
    ? await rulesOf(token, standard, context.terminal.nowSeconds)
    : [{ rule: 'key', holds: false, detail: `there is no key ${token.header.kid}` }];
  const { jti } = token.claims;
  if (call && typeof jti === 'string') rules.push(await recorded(call, token, jti, standard?.scope ?? null));
  const answer = {
    scope: standard?.scope ?? null,
    header: token.header,
    claims: token.claims,
    at: humanInstant(context.terminal.nowSeconds),
    rules,
  };
  showPlainly(context, answer, () => describe(answer, context));
  if (rules.some(({ holds }) => holds === false)) context.terminal.endWith(EXIT.failed);
}

interface Key {
  readonly kid: string;
  readonly scope: string;
  readonly state: string;
  readonly algorithm: Algorithm;
  readonly public_jwk: unknown;
  readonly sign_from: number | null;
  readonly sign_until: number;
}

interface Scope {
  readonly issuer: string;
  readonly audience: string;
  readonly policy: {
    readonly token_types: readonly TokenType[];
    readonly clock_skew_seconds: number;
    readonly max_ttl_seconds: number;
  };
}

async function ofService(call: CallService, kid: string): Promise<Standard | undefined> {
  const { keys } = await call<{ keys: readonly Key[] }>('GET', '/keys');
  const key = keys.find((each) => each.kid === kid);
  if (!key) return undefined;
  const { scope } = await call<{ scope: Scope }>('GET', `/scopes/${encodeURIComponent(key.scope)}`);
  return {
    scope: key.scope,
    algorithm: key.algorithm,
    jwk: key.public_jwk,
    issuer: scope.issuer,
    audience: scope.audience,
    state: key.state,
    signFrom: key.sign_from,
    signUntil: key.sign_until,
    tokenTypes: scope.policy.token_types,
    clockSkewSeconds: scope.policy.clock_skew_seconds,
    maxTtlSeconds: scope.policy.max_ttl_seconds,
  };
}

function ofKeySet(file: string, kid: string): Standard | undefined {
  const set = readJsonInput(file, 'the jwks.json of a scope');
  const listed = Array.isArray(set.keys) ? set.keys : [];
  const found = listed.find((each) => each?.kid === kid);
  if (found === undefined) return undefined;
  const { algorithm, publicJwk, signFrom, signUntil } = readPublishedKey(found);
  const { tokenTypes, clockSkewSeconds, maxTtlSeconds } = readPublishedPolicy(set.kw_policy);
  const known = { tokenTypes, clockSkewSeconds, maxTtlSeconds, algorithm, signFrom, signUntil };
  return { ...known, scope: String(set.kw_scope), jwk: publicJwk, issuer: null, audience: null, state: null };
}

async function rulesOf(token: ParsedToken, by: Standard, now: number): Promise<Rule[]> {
  const { header, claims } = token;
  const { iat, exp, nbf, iss, aud } = claims;
  const time = (at: unknown) => (typeof at === 'number' ? humanTime(Math.floor(at), now) : 'none');
  const [issued, expires] = [Number(iat ?? Number.NaN), Number(exp ?? Number.NaN)];
  const isSigned = algorithmNamed(header.alg) === by.algorithm && (await isSignedBy(token, by));
  const same = (rule: string, found: unknown, wanted: string | null): Rule => ({
    rule,
    holds: wanted === null ? null : found === wanted,
    detail: wanted === null || found === wanted ? String(found) : `${String(found)}, and must be ${wanted}`,
  });
  return [
    {
      rule: 'key',
      holds: by.state === null ? null : USABLE.has(by.state),
      detail: `${header.kid} of scope ${by.scope}, ${by.state ?? 'published'}`,
    },
    same('algorithm', header.alg, by.algorithm),
    {
      rule: 'type',
      holds: isAllowedType(header.typ, by.tokenTypes),
      detail: `${String(header.typ ?? 'untyped')}; allowed: ${by.tokenTypes.join(', ')}`,
    },
    {
      rule: 'signature',
      holds: isSigned,
      detail: isSigned ? 'by that key' : 'not by that key, or altered since',
    },
    same('issuer', iss, by.issuer),
    same('audience', aud, by.audience),
    { rule: 'expiry', holds: now <= expires + by.clockSkewSeconds, detail: time(exp) },
    {
      rule: 'start',
      holds: nbf === undefined || Number(nbf) <= now + by.clockSkewSeconds,
      detail: time(nbf),
    },
    {
      rule: 'signing window',
      holds: issued >= (by.signFrom ?? issued) && issued <= by.signUntil,
      detail: `issued ${time(iat)}; the key signs until ${time(by.signUntil)}`,
    },
    {
      rule: 'lifetime',
      holds: expires - issued <= by.maxTtlSeconds,
      detail: `${expires - issued} s, at most ${by.maxTtlSeconds} s`,
    },
  ];
}

function isSignedBy(
  { signingInput, signature }: ParsedToken,
  { algorithm, jwk }: Standard,
): Promise<boolean> {
  return verifySignature(algorithm, importPublicKey(readPublicJwk(jwk)), signingInput, signature);
}

interface RecordPage {
  readonly records: readonly { readonly digest: string; readonly client: string }[];
  readonly next: number | null;
}

/** What was recorded is this token, and not another of the same `jti`: a forger copies one that exists. */
async function recorded(
  call: CallService,
  { signingInput }: ParsedToken,
  jti: string,
  scope: string | null,
): Promise<Rule> {
  const digest = hash('sha256', signingInput, 'base64url');
  const query = new URLSearchParams({ jti, ...(scope === null ? {} : { scope }) });
  let others = 0;
  for (let after: number | null = 0; after !== null; ) {
    query.set('after', String(after));
    const page: RecordPage = await call('GET', `/ledger?${query}`);
    const record = page.records.find((each) => each.digest === digest);
    if (record) return { rule: 'record', holds: true, detail: `issued to ${record.client}` };
    others += page.records.length;
    after = page.next;
  }
  const detail =
    others === 0
      ? 'the ledger has none'
      : 'the ledger has another token of this jti: this one was never issued';
  return { rule: 'record', holds: false, detail };
}

const VERDICTS = new Map<boolean | null, Cell>([
  [true, ['ok', 'green']],
  [false, ['fail', 'red']],
  [null, ['-', 'dim']],
]);

interface Inspected {
  readonly scope: string | null;
  readonly header: object;
  readonly claims: object;
  readonly rules: readonly Rule[];
}

function describe({ header, claims, rules }: Inspected, { terminal }: Context): string {
  const rows = rules.map(({ rule, holds, detail }): Cell[] => [VERDICTS.get(holds) ?? '-', rule, detail]);
  const broken = rules.filter(({ holds }) => holds === false).length;
  const said = fields([...memberFields(header), ...memberFields(claims)], terminal);
  const sum =
    broken === 0 ? 'No rule is broken that can be told from here.' : `Broken: ${broken} of ${rules.length}.`;
  return `${said}\n\n${table(['', 'rule', 'what'], rows, terminal)}\n\n${sum} Revocations are not looked up: keyward token verify.`;
}
