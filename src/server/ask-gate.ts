import { z } from 'zod';
import type { Actor, Authenticator } from '../kernel/actor.ts';
import type { ActGate, Outcome } from '../domain/act-gate.ts';
import { ACTS, type ActName } from '../kernel/acts.ts';
import { actorOf } from './actor.ts';
import { json } from './responses.ts';
import type { ApiRequest, ApiResponse } from './route.ts';
import { proposal, proposalRepresentation } from './schemas/proposal.ts';
import { sendJson } from './send.ts';

export interface GateDeps {
  readonly authenticator: Authenticator;
  readonly gate: ActGate;
}

/** The operator behind the request, who holds the role that the act takes; before anything of it is read. */
export function actorFor(
  act: ActName,
  { authenticator }: GateDeps,
  request: ApiRequest,
  response: ApiResponse,
): Actor {
  return actorOf(authenticator, [ACTS[act].role], request, response);
}

/** What a route answers where the act takes two people. */
export const PROPOSED = json('202', 'A proposal, which another operator may approve', z.object({ proposal }));

/** What was done, with the status given, or 202 with the proposal that was opened. */
export function sendOutcome(
  response: ApiResponse,
  outcome: Outcome,
  { status, location }: { readonly status: 200 | 201; readonly location?: string },
): void {
  if ('done' in outcome) {
    sendJson(response, status, outcome.done, location === undefined ? [] : ['Location', location]);
    return;
  }
  const at = ['Location', `/v1/admin/proposals/${outcome.proposal.id}`];
  sendJson(response, 202, { proposal: proposalRepresentation(outcome.proposal) }, at);
}
