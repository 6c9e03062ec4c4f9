import type { Grants } from '../kernel/actor.ts';
import type { Clock, TimeGuard } from '../kernel/clock.ts';
import { KeywardError } from '../kernel/errors.ts';
import {
  type IssuedToken,
  type JwsRequest,
  type Ledger,
  Superseded,
  type TokenIssuer,
  type TokenRequest,
} from '../kernel/issuance.ts';
import { type KeyRing, requireScope } from '../kernel/key.ts';
import type { RevocationCheck } from '../kernel/revocation.ts';
import type { Signer } from '../kernel/signer.ts';
import { type Span, untilDone } from '../kernel/trace.ts';
import type { IssuanceLock } from '../keys/index.ts';
import { PreparedToken } from './prepared-token.ts';
import type { SignatureChecker } from './signature-checker.ts';

interface ReleaseContext {
  readonly keyRing: KeyRing;
  readonly grants: Grants;
  readonly revocations: RevocationCheck;
}

/** Whether the token may be released now: key, client and grant stand, and no rule revokes it (DESIGN §5). */
function isStillValid(
  { keyRing, grants, revocations }: ReleaseContext,
  { key, record }: PreparedToken,
): boolean {
  const { scopeId, clientId } = record;
  return (
    keyRing.activeKey(scopeId)?.kid === key.kid &&
    grants.allows(clientId, scopeId, 'sign') &&
    !revocations.covers(record)
  );
}

export interface IssuingDeps {
  readonly keyRing: KeyRing;
  readonly grants: Grants;
  readonly signer: Pick<Signer, 'sign'>;
  readonly checker: Pick<SignatureChecker, 'check'>;
  readonly ledger: Ledger;
  readonly revocations: RevocationCheck;
  readonly holds: Pick<IssuanceLock, 'released'>;
  readonly clock: Clock;
}

/** The hot path (DESIGN §5): prepare, then record and sign side by side, check, release. */
export function createTokenIssuer(deps: IssuingDeps): TokenIssuer {
  return {
    async issue(request) {
      let first: MadeToken | undefined;
      try {
        first = await make(deps, request);
      } catch (error) {
        if (!(error instanceof Superseded)) throw error;
      }
      if (first && isStillValid(deps, first.prepared)) return release(deps, first);
      // Key, client, grant or revocations changed meanwhile: judged afresh, once.
      const second = await make(deps, request);
      if (isStillValid(deps, second.prepared)) return release(deps, second);
      throw new KeywardError('no_active_key', 'the key of this scope is changing; try again', {
        retryAfterSeconds: 1,
      });
    },
  };
}

interface MadeToken {
  readonly prepared: PreparedToken;
  readonly token: string;
}

/** Prepared and handed to the ledger within one turn, so that no change of the key comes in between. */
async function make(deps: IssuingDeps, request: TokenRequest | JwsRequest): Promise<MadeToken> {
  const { holds } = deps;
  for (let held = holds.released(request.scopeId); held; held = holds.released(request.scopeId)) await held;
  const span = request.trace?.span;
  const prepared = span ? tracedPrepare(deps, request, span) : prepare(deps, request);
  return { prepared, token: await recordAndSign(deps, prepared, span) };
}

function tracedPrepare(deps: IssuingDeps, request: TokenRequest | JwsRequest, parent: Span): PreparedToken {
  const span = parent.begin('check_policy');
  try {
    const prepared = prepare(deps, request);
    span.end();
    return prepared;
  } catch (error) {
    span.end(error);
    throw error;
  }
}

function prepare(
  { keyRing, grants, revocations, clock }: IssuingDeps,
  request: TokenRequest | JwsRequest,
): PreparedToken {
  const scope = requireScope(keyRing, request.scopeId);
  if (!grants.allows(request.clientId, scope.id, 'sign')) {
    throw new KeywardError('grant_missing', 'this client holds no grant to sign for this scope');
  }
  const key = keyRing.activeKey(scope.id);
  if (!key) {
    throw new KeywardError(
      'no_active_key',
      'no proven key signs for this scope; the security team has to look',
      {
        retryAfterSeconds: 30,
      },
    );
  }
  const now = clock.nowSeconds();
  if (key.signFrom === null || now < key.signFrom || now > key.signUntil) {
    throw new KeywardError(
      'signing_window_over',
      'the signing window of this scope’s key is over; rotate it',
      {
        retryAfterSeconds: 30,
      },
    );
  }
  const prepared = PreparedToken.prepare(request, scope, key, now);
  if (!revocations.covers(prepared.record)) return prepared;
  throw new KeywardError('revoked', 'tokens of this client, root event or time are revoked for this scope');
}

/** Settles when both are done: recorded (I5) and signed, the signature checked (I6). */
async function recordAndSign(deps: IssuingDeps, prepared: PreparedToken, span?: Span): Promise<string> {
  const recording = span?.begin('record');
  const stands = () => isStillValid(deps, prepared);
  const [token] = await Promise.all([
    signChecked(deps, prepared, span),
    untilDone(recording, deps.ledger.record(prepared.record, { span: recording, stands })),
  ]);
  return token;
}

async function signChecked(
  { signer, checker }: IssuingDeps,
  { key, signingInput }: PreparedToken,
  parent?: Span,
): Promise<string> {
  const span = parent?.begin('sign');
  const signed = signer.sign({ kid: key.kid, signingInput, forCaller: true, span });
  const signature = await untilDone(span, signed);
  const token = `${signingInput}.${signature.toString('base64url')}`;
  if (await untilDone(parent?.begin('check_signature'), checker.check(key, token))) return token;
  throw new KeywardError('signature_wrong', 'the HSM gave a wrong signature; no token was released', {
    cause: { kid: key.kid },
    retryAfterSeconds: 1,
  });
}

function release(deps: IssuingDeps, { prepared, token }: MadeToken): IssuedToken {
  const { key, record } = prepared;
  const canRelease = () => isStillValid(deps, prepared);
  return { token, kid: key.kid, jti: record.jti, iat: record.iat, exp: record.exp, canRelease };
}

/** No token gets a time that cannot be believed (I13): `clock_jump`. */
export function timeGuardedIssuer(issuer: TokenIssuer, timeGuard: TimeGuard): TokenIssuer {
  return {
    async issue(request) {
      timeGuard.requireSteadyTime();
      return await issuer.issue(request);
    },
  };
}
