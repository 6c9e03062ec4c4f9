import { CommandFailure } from '../../src/cli/failure.ts';
import { type CallService, operationsAt } from '../../src/cli/operations-client.ts';
import type { Addresses } from './addresses.ts';
import { type Credentials, readCredentials, writeCredentials } from './credentials.ts';
import type { Places } from './places.ts';
import { Stop, say } from './say.ts';

const SCOPES = ['payments', 'mail'];
/** What each client is called, by the action that it is granted. */
const CLIENTS = { sign: 'identity', verify: 'relying' } as const;
type Action = keyof typeof CLIENTS;
const ACTIONS = Object.keys(CLIENTS) as Action[];
const MOST_ATTEMPTS = 99;

/** What a new service gets; `examples/README.md` lists it. */
export function provisioned() {
  const clients = SCOPES.flatMap((scope) => ACTIONS.map((action) => clientOf(scope, action)));
  return { scopes: SCOPES, clients };
}

function clientOf(scope: string, action: Action): string {
  return `${scope}-${CLIENTS[action]}`;
}

/** Makes the example scopes and clients that are not there yet. */
export async function provision(places: Places, addresses: Addresses): Promise<Credentials> {
  const credentials = readCredentials(places);
  if (!credentials) throw new Stop(`${places.credentials} is not there`);
  const call = operationsAt(new URL(addresses.operations), credentials.operator);
  // Its port is changed in the configuration.
  let current: Credentials = { ...credentials, operations_origin: addresses.operations };
  if (credentials.operations_origin !== addresses.operations) writeCredentials(places, current);
  for (const scope of SCOPES) {
    await ensureScope(call, scope, addresses.data);
    for (const action of ACTIONS) {
      if (current.scopes[scope]?.[action]) continue;
      const credential = await makeClient(call, scope, action);
      current = withCredential(current, scope, action, credential);
      writeCredentials(places, current);
    }
  }
  return current;
}

async function ensureScope(call: CallService, id: string, dataUrl: string): Promise<void> {
  const { scopes } = await call<{ scopes: readonly { id: string }[] }>('GET', '/scopes');
  if (scopes.some((scope) => scope.id === id)) return;
  say(`making the scope ${id}, with its keys`);
  await call('POST', '/scopes', {
    id,
    issuer: `${dataUrl}/scopes/${id}`,
    audience: `https://${id}.example`,
    algorithm: 'ES256',
  });
}

/**
 * A client whose credential was lost, because the set-up was cut short, is revoked; its successor has a number.
 * The credential is stored only once the grant stands, so that a stored one always works.
 */
async function makeClient(call: CallService, scope: string, action: Action): Promise<string> {
  for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt += 1) {
    const id = `${clientOf(scope, action)}${attempt === 1 ? '' : `-${attempt}`}`;
    const credential = await create(call, id, `example: ${action} for ${scope}`);
    if (credential === undefined) {
      await call('POST', `/clients/${id}/revoke`);
      continue;
    }
    await call('POST', '/grants', { client: id, scope, action });
    say(`made the client ${id}, which may ${action} for ${scope}`);
    return credential;
  }
  throw new Stop(`too many clients of ${scope}: start over with ./scripts/start --reset`);
}

/** Undefined where the name is taken. */
async function create(call: CallService, id: string, description: string): Promise<string | undefined> {
  try {
    return (await call<{ credential: string }>('POST', '/clients', { id, description })).credential;
  } catch (error) {
    if (error instanceof CommandFailure && error.code === 'client_exists') return undefined;
    throw error;
  }
}

function withCredential(
  { scopes, ...operator }: Credentials,
  scope: string,
  action: Action,
  credential: string,
): Credentials {
  return { ...operator, scopes: { ...scopes, [scope]: { ...scopes[scope], [action]: credential } } };
}
