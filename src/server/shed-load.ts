import type { IncomingMessage } from 'node:http';
import type { Authenticator, Grants } from '../kernel/actor.ts';
import type { KeywardError } from '../kernel/errors.ts';
import type { CallerBudget } from './caller-budget.ts';
import { requireOneReading } from './one-reading.ts';

/** Of all requests, those that ask for signatures are many and cost most. */
const SIGNING = /^\/v1\/scopes\/([^/?]+)\/(tokens|tokens\/batch|jws)(?:\?|$)/;

interface ShedDeps {
  readonly authenticator: Authenticator;
  readonly grants: Grants;
}

/** A request that is refused before it is routed. */
export interface ShedRequest {
  readonly clientId: string;
  /** As documented. */
  readonly route: string;
  readonly error: KeywardError;
}

/**
 * The request, where its client may have a signature and would find no place. A refusal has to cost a small part of
 * what it saves, so nothing is routed or read for it. All that would be refused for another reason is left alone.
 */
export function shedRequest(
  request: IncomingMessage,
  identity: CallerBudget,
  deps: ShedDeps,
): ShedRequest | undefined {
  if (!identity.isBusy || request.method !== 'POST') return undefined;
  const [, scopeId = '', asked] = SIGNING.exec(request.url ?? '') ?? [];
  const clientId = asked && signerIn(request, scopeId, deps);
  const error = clientId && identity.crowded(clientId);
  return error ? { clientId, route: `/v1/scopes/{scope}/${asked}`, error } : undefined;
}

function signerIn(
  request: IncomingMessage,
  scopeId: string,
  { authenticator, grants }: ShedDeps,
): string | undefined {
  try {
    requireOneReading(request);
    const { id } = authenticator.client(request.headers.authorization);
    return grants.allows(id, scopeId, 'sign') ? id : undefined;
  } catch {
    // The route answers it, as at any other time.
    return undefined;
  }
}
