import type { Authenticator } from '../../kernel/actor.ts';
import type { FoundPin, KnownSecret, LeakQuery, LeakService } from '../../kernel/credential.ts';
import { actorOf, CHANGING, jsonBody } from '../../server/admission.ts';
import { readJson } from '../../server/read-body.ts';
import { CODES, json, problems } from '../../server/responses.ts';
import type { Route } from '../../server/route.ts';
import { sendJson } from '../../server/send.ts';
import { knownDigests, leakedDigests } from './wire.ts';

interface LeakParts {
  readonly authenticator: Authenticator;
  readonly leaks: LeakService;
}

const DIGESTS = {
  schema: leakedDigests,
  maxBytes: 2 * 1024 * 1024,
  maxDepth: 4,
  tooDeep: 'malformed_json',
} as const;

/** For who scans: digests alone are asked for, so nothing that was found travels. */
const lookUpDigests: Route<LeakParts> = {
  method: 'post',
  path: '/v1/admin/leaks/digests',
  operation: {
    operationId: 'lookUpLeaks',
    summary: 'Which digests are of credentials and tokens given out here; role operator',
    description: 'Who asked, for how many and how many are known, is in the audit trail.',
    security: [{ operator: [] }],
    requestBody: jsonBody(leakedDigests, DIGESTS),
    responses: {
      ...json('200', 'Those that are on record; any other is left out', knownDigests),
      ...problems(CODES.operator, CODES.body, CODES.schema, [
        'batch_too_large',
        'ledger_unavailable',
        'store_unavailable',
      ]),
    },
  },
  handler:
    ({ authenticator, leaks }) =>
    async (request, response) => {
      const actor = actorOf(authenticator, CHANGING, request, response);
      const { credentials, tokens, pins, report } = await readJson(request, DIGESTS);
      const asked = [
        ...credentials.map((each) => ({ ...each, of: 'credential' as const, iat: 0 })),
        ...tokens.map((each) => ({ ...each, of: 'token' as const })),
      ];
      const query = asked.map(({ of, digest, iat }): LeakQuery => {
        const bytes = Buffer.from(digest, 'base64url');
        return of === 'token' ? { of, digest: bytes, iat } : { of, digest: bytes };
      });
      const by = {
        reportedBy: `operator:${actor.operatorId}`,
        remote: request.ip,
        requestId: actor.requestId,
        places: asked.map(({ place = '' }) => place),
      };
      if (report && pins.length > 0) await leaks.reportPins(pins.map(asFound), actor);
      const known = await leaks.lookUp(query, by, actor);
      for (const [at, secret] of known.entries()) {
        if (!report || !secret) continue;
        const place = asked[at]?.place ?? 'not said';
        await leaks.report(secret, { place, source: 'scan', reportedBy: actor.operatorId });
      }
      sendJson(response, 200, answerOf(known.filter((each) => each !== undefined)));
    },
};

export const adminLeakRoutes = [lookUpDigests];

function asFound({
  digest,
  place = 'not said',
}: {
  digest?: string | undefined;
  place?: string | undefined;
}): FoundPin {
  return { digest: digest === undefined ? null : Buffer.from(digest, 'base64url'), place, source: 'scan' };
}

function answerOf(known: readonly KnownSecret[]) {
  return {
    credentials: known.flatMap((each) =>
      each.kind === 'token'
        ? []
        : [
            {
              digest: each.digest.toString('base64url'),
              live: each.live,
              holder: `${each.kind === 'client_credential' ? 'client' : 'operator'}:${each.holderId}`,
            },
          ],
    ),
    tokens: known.flatMap((each) =>
      each.kind === 'token'
        ? [
            {
              digest: each.digest.toString('base64url'),
              live: each.live,
              scope: each.scopeId,
              kid: each.kid,
              client: each.clientId,
              jti: each.jti,
              exp: each.exp,
            },
          ]
        : [],
    ),
  };
}
