import type { ClientAnswer } from './answers.ts';
import type { Context } from './context.ts';
import { fields } from './text.ts';
import { humanTime } from './time.ts';

/** `payments:sign mail:verify`, or a dash. */
export function describeGrants({ grants }: ClientAnswer): string {
  return grants.map(({ scope, action }) => `${scope}:${action}`).join(' ') || '-';
}

/** One client, a line a member. */
export function describeClient(client: ClientAnswer, { terminal }: Context): string {
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
    terminal.colour,
  );
}
