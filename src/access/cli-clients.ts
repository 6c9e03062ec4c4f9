import type { Context } from '../cli/context.ts';
import { withNewCredential } from '../cli/new-files.ts';
import { type CallService, connect } from '../cli/operations-client.ts';
import { requireScope } from '../cli/pages.ts';
import { proposalIn, show } from '../cli/show.ts';
import { type Cell, fields, table } from '../cli/table.ts';
import { humanTime } from '../cli/text.ts';
import type { ClientAndCredentialAnswer } from './routes/clients.ts';
import type { ClientAnswer } from './routes/wire.ts';

export type { ClientAnswer };

/** `payments:sign mail:verify`, or a dash. */
function describeGrants({ grants }: ClientAnswer): string {
  return grants.map(({ scope, action }) => `${scope}:${action}`).join(' ') || '-';
}

/** One client, a line a member. */
function describeClient(client: ClientAnswer, { terminal }: Context): string {
  return fields(
    [
      ['id', [client.id, 'bold']],
      ['description', client.description || '-'],
      ['grants', describeGrants(client)],
      ['created', humanTime(client.created_at, terminal.nowSeconds)],
      [
        'revoked',
        client.revoked_at === null ? '-' : [humanTime(client.revoked_at, terminal.nowSeconds), 'red'],
      ],
    ],
    terminal,
  );
}

type Ask = (credential: { readonly credential_digest?: string }) => Promise<ClientAndCredentialAnswer>;

/**
 * The credential is made here, into `out`, and nobody else is told it; without `out` the service makes it, to be
 * shown on standard output, this once.
 */
export async function clientCreate(
  context: Context,
  id: string,
  { description = '', out }: { readonly description?: string; readonly out?: string },
): Promise<void> {
  const call = await connect(context);
  await enrol(context, out, (credential) =>
    call<ClientAndCredentialAnswer>('POST', '/clients', { id, description, ...credential }),
  );
}

/** A new one in place of the one it has. */
export async function clientCredential(
  context: Context,
  id: string,
  { out }: { readonly out?: string },
): Promise<void> {
  const call: CallService = await connect(context);
  const path = `/clients/${encodeURIComponent(id)}/credential`;
  await enrol(context, out, (credential) => call<ClientAndCredentialAnswer>('POST', path, credential));
}

async function enrol(context: Context, out: string | undefined, ask: Ask): Promise<void> {
  if (out === undefined) return onScreen(context, await ask({}));
  const answer = await withNewCredential('svc', out, (credential_digest) => ask({ credential_digest }));
  show(
    context,
    { ...answer, credential_file: out },
    () => `${describeClient(answer.client, context)}\n\nIts credential is in ${out}.`,
  );
  if (proposalIn(answer)) context.terminal.warn(`${out} is of use once the proposal is approved`);
}

function onScreen(context: Context, created: ClientAndCredentialAnswer): void {
  show(context, created, () => `${describeClient(created.client, context)}\n\n${created.credential}`);
  context.terminal.warn('this credential is not shown again; --out FILE keeps it off the screen');
}

export async function clientList(context: Context): Promise<void> {
  const call = await connect(context);
  const answer = await call<{ clients: readonly ClientAnswer[] }>('GET', '/clients');
  show(context, answer, () => human(answer.clients, context));
}

function human(clients: readonly ClientAnswer[], { terminal }: Context): string {
  if (clients.length === 0) return 'no clients; make one with: keyward client create';
  return table(
    ['id', 'status', 'grants', 'created', 'description'],
    clients.map((client) => [
      [client.id, 'bold'],
      status(client),
      describeGrants(client),
      { time: client.created_at },
      client.description,
    ]),
    terminal,
  );
}

function status(client: ClientAnswer): Cell {
  return client.revoked_at === null ? ['enabled', 'green'] : ['revoked', 'red'];
}

export async function clientShow(context: Context, id: string): Promise<void> {
  const call = await connect(context);
  const answer = await call<{ client: ClientAnswer }>('GET', `/clients/${encodeURIComponent(id)}`);
  show(context, answer, () => describeClient(answer.client, context));
}

export async function clientRevoke(context: Context, id: string): Promise<void> {
  const call = await connect(context);
  const answer = await call<{ client: ClientAnswer }>('POST', `/clients/${encodeURIComponent(id)}/revoke`);
  show(context, answer, () => describeClient(answer.client, context));
}

/** Adds or removes one grant; the service answers the client as it then is. */
export function changeGrant(change: 'add' | 'remove') {
  return async (context: Context, client: string, scope: string, action: string): Promise<void> => {
    const call = await connect(context);
    const grant = { client, scope, action };
    const answer = await call<{ client: ClientAnswer }>(
      change === 'add' ? 'POST' : 'DELETE',
      '/grants',
      grant,
    );
    show(context, answer, () => describeClient(answer.client, context));
  };
}

export async function grantShow(context: Context, id: string, scope?: string): Promise<void> {
  const call = await connect(context);
  const { client } = await call<{ client: ClientAnswer }>('GET', `/clients/${encodeURIComponent(id)}`);
  const grants = client.grants
    .filter((grant) => scope === undefined || grant.scope === scope)
    .map((grant) => ({ client: id, ...grant }));
  if (grants.length === 0) await requireScope(call, scope);
  show(context, { grants }, () => {
    const rows = grants.map((grant) => [grant.client, grant.scope, [grant.action, 'bold'] as const]);
    const listed =
      rows.length === 0 ? 'no grants' : table(['client', 'scope', 'action'], rows, context.terminal);
    return client.revoked_at === null
      ? listed
      : `${listed}\n\nThe client is revoked: it is refused everywhere.`;
  });
}
