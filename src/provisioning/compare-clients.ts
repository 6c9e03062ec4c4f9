import { ACTIONS, type Action } from '../kernel/actor.ts';
import type { ValidationIssue } from '../kernel/policy.ts';
import { didYouMean } from '../lib/did-you-mean.ts';
import { defined } from './compare-scopes.ts';
import type { Change, ClientEntry, CurrentClient, Step } from './document.ts';

interface ClientComparison {
  readonly creating: readonly Step[];
  readonly describing: readonly Step[];
  readonly granting: readonly Step[];
  /** What the service has beside the file: withdrawn where the file is complete, else left. */
  readonly surplus: readonly Step[];
  readonly flaws: readonly ValidationIssue[];
}

interface Grant {
  readonly scope: string;
  readonly action: Action;
}

/** `scopes`: the ids of those that are there or will be; `made`: of those that the file makes. */
export function compareClient(
  id: string,
  entry: ClientEntry,
  current: CurrentClient | undefined,
  scopes: { readonly known: ReadonlySet<string>; readonly made: ReadonlySet<string> },
): ClientComparison {
  const wanted = grantsOf(entry);
  const flaws = [...revokedFlaws(id, current), ...unknownScopeFlaws(id, entry, scopes.known)];
  const held = current?.grants ?? [];
  const missing = wanted.filter((grant) => !held.some((each) => isSame(each, grant)));
  const surplus = held.filter((grant) => !wanted.some((each) => isSame(each, grant)));
  return {
    creating: current ? [] : [creation(id, entry)],
    describing: current ? description(id, entry, current) : [],
    granting: missing.map((grant) => ({
      ...grantStep('POST', id, grant),
      needs: [
        ...(scopes.made.has(grant.scope) ? [`scope:${grant.scope}`] : []),
        ...(current ? [] : [`client:${id}`]),
      ],
    })),
    surplus: surplus.map((grant) => grantStep('DELETE', id, grant)),
    flaws,
  };
}

/** A client that the file does not name. */
export function revocation({ id, description }: CurrentClient): Step {
  return {
    method: 'POST',
    path: `/clients/${id}/revoke`,
    changes: [{ action: 'remove', kind: 'client', id, from: { description }, weakens: false }],
    needs: [],
  };
}

/** In one order, however the file has them. */
function grantsOf({ grants = {} }: ClientEntry): readonly Grant[] {
  return Object.entries(grants).flatMap(([scope, actions]) =>
    ACTIONS.filter((action) => actions.includes(action)).map((action) => ({ scope, action })),
  );
}

function revokedFlaws(id: string, current: CurrentClient | undefined): readonly ValidationIssue[] {
  if (!current?.revoked) return [];
  return [{ path: ['clients', id], advice: 'was revoked permanently; use another id' }];
}

function unknownScopeFlaws(
  id: string,
  { grants = {} }: ClientEntry,
  known: ReadonlySet<string>,
): readonly ValidationIssue[] {
  return Object.keys(grants)
    .filter((scope) => !known.has(scope))
    .map((scope) => {
      const meant = didYouMean(scope, [...known]);
      const advice =
        meant === undefined ? 'there is no such scope' : `there is no such scope; did you mean ${meant}?`;
      return { path: ['clients', id, 'grants', scope], advice };
    });
}

function creation(id: string, { description }: ClientEntry): Step {
  return {
    method: 'POST',
    path: '/clients',
    body: defined({ id, description }),
    changes: [{ action: 'create', kind: 'client', id, to: defined({ description }), weakens: true }],
    needs: [],
    makes: `client:${id}`,
  };
}

function description(id: string, entry: ClientEntry, current: CurrentClient): readonly Step[] {
  const { description: to } = entry;
  if (to === undefined || to === current.description) return [];
  const changes: Change[] = [
    {
      action: 'change',
      kind: 'client',
      id,
      member: 'description',
      from: current.description,
      to,
      weakens: false,
    },
  ];
  return [{ method: 'PATCH', path: `/clients/${id}`, body: { description: to }, changes, needs: [] }];
}

function grantStep(method: 'POST' | 'DELETE', client: string, { scope, action }: Grant): Step {
  const added = method === 'POST';
  return {
    method,
    path: '/grants',
    body: { client, scope, action },
    changes: [
      {
        action: added ? 'create' : 'remove',
        kind: 'grant',
        id: client,
        member: `${scope}:${action}`,
        weakens: added,
      },
    ],
    needs: [],
  };
}

function isSame(one: Grant, other: Grant): boolean {
  return one.scope === other.scope && one.action === other.action;
}
