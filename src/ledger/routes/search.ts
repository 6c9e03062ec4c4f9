import { z } from 'zod';
import type { LedgerEntry, LedgerErasure, LedgerSearch } from '../../kernel/ledger-search.ts';
import { actorOf, jsonBody, READING } from '../../server/admission.ts';
import { actorFor, type GateDeps, PROPOSED, sendOutcome } from '../../server/ask-gate.ts';
import { readJson, validated } from '../../server/read-body.ts';
import { CODES, json, problems } from '../../server/responses.ts';
import type { Route } from '../../server/route.ts';
import { sendJson } from '../../server/send.ts';
import { nextNumber, wholeNumberText, wireText } from '../../server/wire.ts';

const MAX_PAGE = 1_000;
const DEFAULT_PAGE = 100;

const text = wireText('give it once').min(1, 'leave it out or give a value').max(4_096);
const seconds = wholeNumberText('use seconds since the epoch').optional();

const ledgerQuery = z.strictObject({
  scope: text.optional(),
  kid: text.optional(),
  jti: text.optional(),
  client: text.optional(),
  subject: text.optional().meta({ description: 'Finds records that keep it hashed, too.' }),
  root: text.optional().meta({ description: 'The root event, such as one sign-in.' }),
  from: seconds.meta({ description: '`iat` at or after it.' }),
  to: seconds.meta({ description: '`iat` at or before it.' }),
  limit: wholeNumberText(`use a whole number from 1 to ${MAX_PAGE}`, 1, MAX_PAGE)
    .default(DEFAULT_PAGE)
    .meta({ description: `At most ${MAX_PAGE}.` }),
  after: wholeNumberText('use the `next` of the page before')
    .default(0)
    .meta({ description: 'The `next` of the page before.' }),
});

const ledgerRecord = z
  .object({
    sequence: z.int().meta({ description: 'Its place in the ledger, from 1.' }),
    digest: z.string().meta({ description: 'SHA-256 of the signing input, base64url.' }),
    scope: z.string(),
    kid: z.string(),
    jti: z.string(),
    client: z.string(),
    subject: z.string().nullable().meta({ description: 'As the policy of the scope has it recorded.' }),
    root: z.string().nullable(),
    trace_id: z
      .string()
      .nullable()
      .meta({ description: 'The trace that the request belonged to (W3C Trace Context), if any.' }),
    iat: z.int(),
    exp: z.int(),
    erased: z.boolean().meta({ description: 'Whether subject and root were erased.' }),
    archived: z.boolean(),
  })
  .meta({ id: 'LedgerRecord' });
export type LedgerRecordAnswer = z.infer<typeof ledgerRecord>;

const ledgerPage = z
  .object({
    records: z.array(ledgerRecord),
    next: nextNumber.meta({
      description:
        '`after` for the next page; null at the end. A page may be short, or empty, and not be the last.',
    }),
  })
  .meta({ id: 'LedgerPage' });
export type LedgerPageAnswer = z.infer<typeof ledgerPage>;

export const ledgerErasure = z
  .strictObject({ subject: wireText('use the subject as text').min(1, 'name a subject').max(4_096) })
  .meta({ id: 'LedgerErasure' });

const erasedCounts = z
  .object({ records: z.int(), security_events: z.int(), reports: z.int() })
  .meta({ id: 'ErasedCounts' });
export type ErasedAnswer = z.infer<typeof erasedCounts>;

function recordRepresentation(of: LedgerEntry): LedgerRecordAnswer {
  return {
    sequence: of.sequence,
    digest: of.digest.toString('base64url'),
    scope: of.scopeId,
    kid: of.kid,
    jti: of.jti,
    client: of.clientId,
    subject: of.subject,
    root: of.root,
    trace_id: of.traceId,
    iat: of.iat,
    exp: of.exp,
    erased: of.erased,
    archived: of.archived,
  };
}

interface LedgerParts extends GateDeps {
  readonly ledger: { readonly search: LedgerSearch; readonly erasure: LedgerErasure };
}

const BODY = {
  schema: ledgerErasure,
  maxBytes: 32 * 1024,
  maxDepth: 2,
  tooDeep: 'malformed_json',
} as const;

const findRecords: Route<LedgerParts> = {
  method: 'get',
  path: '/v1/admin/ledger',
  operation: {
    operationId: 'findRecords',
    summary: 'Records of issued tokens, those in archives too, in the order of issue; any role',
    security: [{ operator: [] }],
    requestParams: { query: ledgerQuery },
    responses: {
      ...json('200', 'A page of records', ledgerPage),
      ...problems(CODES.operator, CODES.schema, ['store_unavailable']),
    },
  },
  handler: (deps) => async (request, response) => {
    actorOf(deps.authenticator, READING, request, response);
    const { scope, client, after, limit, ...asked } = validated(ledgerQuery, { ...request.query });
    const query = { ...asked, scopeId: scope, clientId: client };
    const { entries, next } = await deps.ledger.search.page(query, { after, limit });
    sendJson(response, 200, { records: entries.map(recordRepresentation), next });
  },
};

const eraseSubject: Route<LedgerParts> = {
  method: 'post',
  path: '/v1/admin/ledger/erase',
  operation: {
    operationId: 'eraseSubject',
    summary:
      'Erase permanently what ledger, security events and reports keep of a subject; two persons while a security event or a report about it is open',
    security: [{ operator: [] }],
    requestBody: jsonBody(ledgerErasure, BODY),
    responses: {
      ...json('200', 'How much was erased', erasedCounts),
      ...PROPOSED,
      ...problems(CODES.operator, CODES.body, CODES.schema, CODES.proposing),
    },
  },
  handler: (deps) => async (request, response) => {
    const actor = actorFor('ledger.erase', deps, request, response);
    const parameters = await readJson(request, BODY);
    sendOutcome(response, await deps.gate.ask({ act: 'ledger.erase', parameters, actor }), { status: 200 });
  },
};

export const adminLedgerRoutes = [findRecords, eraseSubject];
