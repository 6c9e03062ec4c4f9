import type { LedgerErasure, LedgerSearch } from '../../kernel/ledger-search.ts';
import { actorOf, READING } from '../../server/actor.ts';
import { actorFor, type GateDeps, PROPOSED, sendOutcome } from '../../server/ask-gate.ts';
import { readJson } from '../../server/read-body.ts';
import { jsonBody } from '../../server/requests.ts';
import { CODES, json, problems } from '../../server/responses.ts';
import type { Route } from '../../server/route.ts';
import {
  erasedCounts,
  ledgerErasure,
  ledgerPage,
  ledgerQuery,
  recordRepresentation,
} from '../../server/schemas/ledger.ts';
import { sendJson } from '../../server/send.ts';
import { validated } from '../../server/validated.ts';

export interface LedgerParts extends GateDeps {
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
    const { scope, client, cursor, limit, ...asked } = validated(ledgerQuery, { ...request.query });
    const query = { ...asked, scopeId: scope, clientId: client };
    const { entries, next } = await deps.ledger.search.page(query, { after: cursor, limit });
    const next_cursor = next === null ? null : String(next);
    sendJson(response, 200, { records: entries.map(recordRepresentation), next_cursor });
  },
};

const eraseSubject: Route<LedgerParts> = {
  method: 'post',
  path: '/v1/admin/ledger/erase',
  operation: {
    operationId: 'eraseSubject',
    summary:
      'Erase what ledger, security events and reports keep of a subject, for good; two persons while a security event or a report about it is open',
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
