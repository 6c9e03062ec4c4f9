import type { ValidationIssue } from '../kernel/policy.ts';
import { firstProblems, type Locate, type Problem, problemOf } from '../yaml-file/problem.ts';
import { compareClient, revocation } from './compare-clients.ts';
import { compareScope } from './compare-scopes.ts';
import type { Change, Current, Document, Step } from './document.ts';

export interface Plan {
  /** In the order in which they are made: what makes the service accept less goes first. */
  readonly steps: readonly Step[];
  /** What the service has and the file, which is not complete, does not name. It stays. */
  readonly unmanaged: readonly Change[];
  readonly problems?: never;
}

/** Finding the place of each takes time with the length of the file. */
const MOST_FLAWS = 100;

/** What has to be done so that the service is as the file says, or what of the file cannot be done. */
export function compare(
  { complete, scopes, clients }: Document,
  current: Current,
  locate: Locate,
): Plan | { readonly problems: readonly Problem[] } {
  const byId = new Map(current.scopes.map((scope) => [scope.id, scope]));
  const clientsById = new Map(current.clients.map((client) => [client.id, client]));
  const ofScopes = Object.entries(scopes).map(([id, entry]) => compareScope(id, entry, byId.get(id)));
  const made = new Set(Object.keys(scopes).filter((id) => !byId.has(id)));
  const known = new Set([...byId.keys(), ...made]);
  const ofClients = Object.entries(clients).map(([id, entry]) =>
    compareClient(id, entry, clientsById.get(id), { known, made }),
  );
  const flaws = [
    ...pairFlaws(scopes, current.scopes),
    ...[...ofScopes, ...ofClients].flatMap((each) => each.flaws),
  ];
  if (flaws.length > 0) {
    return { problems: firstProblems(flaws.slice(0, MOST_FLAWS).map((flaw) => problemOf(flaw, locate))) };
  }
  const surplus = [
    ...ofClients.flatMap((each) => each.surplus),
    ...current.clients.filter(({ id, revoked }) => !revoked && !Object.hasOwn(clients, id)).map(revocation),
  ];
  const steps = [
    ...ofScopes.flatMap(({ narrowing }) => narrowing),
    ...(complete ? surplus : []),
    ...ofScopes.flatMap(({ creating }) => creating),
    ...ofScopes.flatMap(({ widening }) => widening),
    ...ofClients.flatMap(({ creating, describing }) => [...creating, ...describing]),
    ...ofClients.flatMap(({ granting }) => granting),
  ];
  const left = complete ? [] : surplus.flatMap(({ changes }) => changes);
  const others = current.scopes.filter(({ id }) => !Object.hasOwn(scopes, id));
  const scopesLeft = others.map(
    ({ id }): Change => ({ action: 'remove', kind: 'scope', id, weakens: false }),
  );
  return { steps, unmanaged: [...scopesLeft, ...left] };
}

/** No two scopes have the same issuer and audience. */
function pairFlaws(scopes: Document['scopes'], current: Current['scopes']): readonly ValidationIssue[] {
  const pair = ({ issuer, audience }: { issuer: string; audience: string }) =>
    JSON.stringify([issuer, audience]);
  const holders = new Map(current.map((scope) => [pair(scope), scope.id]));
  return Object.entries(scopes).flatMap(([id, entry]) => {
    const holder = holders.get(pair(entry)) ?? id;
    holders.set(pair(entry), holder);
    if (holder === id) return [];
    return [
      { path: ['scopes', id, 'audience'], advice: `scope ${holder} has this issuer and audience already` },
    ];
  });
}
