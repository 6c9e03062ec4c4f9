import { z } from 'zod';
import type { CompromiseReports } from '../../domain/compromise-report.ts';
import { actorOf, CHANGING, READING } from '../actor.ts';
import { readJson } from '../json-body.ts';
import { CODES, json, problems } from '../responses.ts';
import type { Route } from '../route.ts';
import { compromise, compromiseRepresentation } from '../schemas/compromise.ts';
import { compromiseRequest, keyOutcome } from '../schemas/key-act.ts';
import { sendJson } from '../send.ts';
import { KEY_ACT_LIMITS, KEY_FAILURES, type KeyActParts, outcomeRepresentation } from './admin-key-acts.ts';

export interface CompromiseParts extends KeyActParts {
  readonly compromises: CompromiseReports;
}

/** How long an answer waits for what has to be counted; the commit waits for none of it. */
const COUNTED_WITHIN_MS = 2_000;

const declareCompromise: Route<CompromiseParts> = {
  method: 'post',
  path: '/v1/admin/keys/{kid}/compromise',
  operation: {
    operationId: 'compromiseKey',
    summary: 'Nothing of the key is accepted from now on, for good; role `operator`',
    security: [{ operator: [] }],
    requestBody: { required: true, content: { 'application/json': { schema: compromiseRequest } } },
    responses: {
      ...json('200', 'What became of the key, and what is hit by it', keyOutcome.extend({ compromise })),
      ...problems(CODES.operator, CODES.body, CODES.schema, KEY_FAILURES),
    },
  },
  handler: (deps) => async (request, response) => {
    const actor = actorOf(deps.authenticator, CHANGING, request, response);
    const given = await readJson(request, { schema: compromiseRequest, ...KEY_ACT_LIMITS });
    const { reason: why, keep_for_forensics: keepForForensics } = given;
    const kid = request.params.kid ?? '';
    const outcome = await deps.keys.compromise(kid, { why, keepForForensics }, actor);
    const report = await deps.compromises.report(kid, COUNTED_WITHIN_MS);
    sendJson(response, 200, {
      ...outcomeRepresentation(deps, outcome),
      compromise: compromiseRepresentation(report),
    });
  },
};

const showCompromise: Route<CompromiseParts> = {
  method: 'get',
  path: '/v1/admin/keys/{kid}/compromise',
  operation: {
    operationId: 'showCompromise',
    summary: 'What the compromise of a key hits, as far as it is known by now; any role',
    security: [{ operator: [] }],
    responses: {
      ...json('200', 'What is hit', z.object({ compromise })),
      ...problems(CODES.operator, ['unknown_key', 'transition_forbidden']),
    },
  },
  handler: (deps) => async (request, response) => {
    actorOf(deps.authenticator, READING, request, response);
    const report = await deps.compromises.report(request.params.kid ?? '', COUNTED_WITHIN_MS);
    sendJson(response, 200, { compromise: compromiseRepresentation(report) });
  },
};

export const adminCompromiseRoutes = [declareCompromise, showCompromise];
