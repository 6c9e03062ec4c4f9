import fc from 'fast-check';
import { ACTIONS, type Action } from '../../src/kernel/actor.ts';
import { ALGORITHM_NAMES, isRsa, MODULUS_BITS } from '../../src/kernel/algorithm.ts';
import { changedScope } from '../../src/kernel/scope-change.ts';
import { policyChange, policyOf } from '../../src/keys/policy-schema.ts';
import type {
  Current,
  CurrentClient,
  CurrentScope,
  Document,
  ScopeEntry,
  Step,
} from '../../src/provisioning/document.ts';
import { documentOf } from '../../src/provisioning/yaml.ts';
import { soundPolicy } from './arbitrary-policy.ts';

const SCOPES = ['payments', 'mail', 'drill', '7'];
const CLIENTS = ['checkout', 'portal', 'batch'];

const scope = (id: string): fc.Arbitrary<CurrentScope> =>
  fc.record({
    id: fc.constant(id),
    issuer: fc.constant('https://login.example'),
    audience: fc.constant(`https://${id}.example`),
    // One for each id: a file that names another is refused.
    algorithm: fc.constant(ALGORITHM_NAMES[SCOPES.indexOf(id)] ?? 'ES256'),
    modulusBits: fc.constant(isRsa(ALGORITHM_NAMES[SCOPES.indexOf(id)] ?? 'ES256') ? MODULUS_BITS[1] : null),
    hsmToken: fc.constant(id === 'mail' ? 'issuer-b' : 'primary'),
    standbyToken: fc.constant(id === 'mail' ? 'primary' : null),
    policy: soundPolicy,
    contacts: fc.subarray(['a@id.example', 'b@id.example']),
  });

const client = (id: string, scopes: readonly string[]): fc.Arbitrary<CurrentClient> =>
  fc.record({
    id: fc.constant(id),
    description: fc.constantFrom('', 'signs', 'verifies'),
    revoked: fc.constant(false),
    grants: fc.subarray(scopes.flatMap((each) => ACTIONS.map((action) => ({ scope: each, action })))),
  });

/** Any state that a service can be in, over a handful of ids. */
export const anyState: fc.Arbitrary<Current> = fc.subarray(SCOPES).chain((scopes) =>
  fc.record({
    scopes: fc.tuple(...scopes.map(scope)),
    clients: fc.subarray(CLIENTS).chain((ids) => fc.tuple(...ids.map((id) => client(id, scopes)))),
  }),
);

/** A file that says all of a state, and that it is all. */
export function completeDocumentOf(state: Current): Document {
  return { ...documentOf(state), complete: true };
}

/** What a service with that state becomes by the requests of a plan, as the operations plane takes them. */
export function after(state: Current, steps: readonly Step[]): Current {
  return steps.reduce(afterStep, state);
}

/** The members that any of the requests has. */
type Body = ScopeEntry & {
  readonly id: string;
  readonly description?: string;
  readonly client: string;
  readonly scope: string;
  readonly action: Action;
};

function afterStep(state: Current, step: Step): Current {
  const { method, path } = step;
  const body = (step.body ?? {}) as unknown as Body;
  const [, list, id, act] = path.split('/');
  const scopes = (change: (scope: CurrentScope) => CurrentScope) => ({
    ...state,
    scopes: state.scopes.map((each) => (each.id === id ? change(each) : each)),
  });
  const clients = (named: string | undefined, change: (client: CurrentClient) => CurrentClient) => {
    if (!state.clients.some((each) => each.id === named)) throw new Error(`unknown client ${named}`);
    return { ...state, clients: state.clients.map((each) => (each.id === named ? change(each) : each)) };
  };
  switch (`${method} ${list}${act ? ` ${act}` : ''}`) {
    case 'POST scopes':
      return { ...state, scopes: [...state.scopes, created(body)] };
    case 'PATCH scopes':
      return scopes((each) =>
        changedScope(each, {
          policy: policyChange(body.policy ?? {}),
          contacts: body.contacts,
          hsmToken: body.hsm_token,
          standbyToken: body.standby_token,
        }),
      );
    case 'POST clients':
      return {
        ...state,
        clients: [
          ...state.clients,
          { id: body.id, description: body.description ?? '', revoked: false, grants: [] },
        ],
      };
    case 'PATCH clients':
      return clients(id, (each) => ({ ...each, description: body.description ?? '' }));
    case 'POST clients revoke':
      return clients(id, (each) => ({ ...each, revoked: true }));
    case 'POST grants':
    case 'DELETE grants': {
      if (!state.scopes.some((each) => each.id === body.scope))
        throw new Error(`unknown scope ${body.scope}`);
      const grant = { scope: body.scope, action: body.action };
      return clients(body.client, (each) => {
        const others = each.grants.filter(
          (held) => held.scope !== grant.scope || held.action !== grant.action,
        );
        return { ...each, grants: method === 'POST' ? [...others, grant] : others };
      });
    }
    default:
      throw new Error(`${method} ${path} is no request of a plan`);
  }
}

function created({
  id,
  issuer,
  audience,
  algorithm = 'ES256',
  ...entry
}: ScopeEntry & { id: string }): CurrentScope {
  return {
    id,
    issuer,
    audience,
    algorithm,
    modulusBits: entry.modulus_bits ?? (isRsa(algorithm) ? MODULUS_BITS[0] : null),
    hsmToken: entry.hsm_token ?? 'primary',
    standbyToken: entry.standby_token ?? null,
    policy: policyOf(entry.policy ?? {}),
    contacts: entry.contacts ?? [],
  };
}
