import type { Context } from '../cli/context.ts';
import { connect } from '../cli/operations-client.ts';
import { more, type Paging, pages } from '../cli/pages.ts';
import { show } from '../cli/show.ts';
import { instantCell, table } from '../cli/table.ts';
import type { RevocationAnswer, RevocationPageAnswer } from './routes.ts';

/** Rules, a line each. */
function describeRevocations(revocations: readonly RevocationAnswer[], { terminal }: Context): string {
  return table(
    [
      'sequence',
      'scope',
      'tokens',
      'issued from',
      'issued until',
      'revoked',
      { name: 'by', extra: true },
      'reason',
    ],
    revocations.map((revocation) => [
      String(revocation.sequence),
      revocation.scope ?? 'all',
      [tokensOf(revocation), 'bold'],
      instantCell(revocation.issued_from),
      instantCell(revocation.issued_until),
      { time: revocation.created_at },
      revocation.revoked_by,
      revocation.reason || '-',
    ]),
    terminal,
  );
}

function tokensOf({ jti, root, client }: RevocationAnswer): string {
  const named = Object.entries({ jti, root, client }).filter(([, value]) => value !== null);
  return named.map(([member, value]) => `${member} ${value}`).join(', ') || 'all';
}

export async function revocationList(context: Context, options: Paging<number>): Promise<void> {
  const call = await connect(context);
  const answer: RevocationPageAnswer = await pages(call, '/revocations', 'revocations', options);
  const { revocations, next } = answer;
  show(context, answer, () =>
    revocations.length === 0 ? 'nothing is revoked' : describeRevocations(revocations, context) + more(next),
  );
}

interface RevokeOptions {
  readonly jti?: string;
  readonly root?: string;
  readonly client?: string;
  readonly scope?: string;
  readonly from?: number;
  readonly until?: number;
  readonly reason?: string;
}

export async function revoke(context: Context, { from, until, ...named }: RevokeOptions): Promise<void> {
  const call = await connect(context);
  const rule = { ...named, issued_from: from, issued_until: until };
  const answer = await call<{ revocation: RevocationAnswer }>('POST', '/revocations', rule);
  show(context, answer, () => describeRevocations([answer.revocation], context));
}
