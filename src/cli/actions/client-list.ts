import type { ClientAnswer } from '../answers.ts';
import type { Context } from '../context.ts';
import { describeGrants } from '../describe-client.ts';
import { connect } from '../operations-client.ts';
import { show } from '../show.ts';
import { type Cell, table } from '../text.ts';
import { humanTime } from '../time.ts';

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
      humanTime(client.created_at, terminal.nowSeconds),
      client.description,
    ]),
    terminal.colour,
  );
}

function status(client: ClientAnswer): Cell {
  return client.revoked_at === null ? ['enabled', 'green'] : ['revoked', 'red'];
}
