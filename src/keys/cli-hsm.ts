import type { Context } from '../cli/context.ts';
import { connect } from '../cli/operations-client.ts';
import { show } from '../cli/show.ts';
import { type Cell, fields, kidCell, table } from '../cli/table.ts';
import { standbysLack } from './cli-output.ts';
import type { ServiceKeyEnrolmentAnswer } from './routes/service-keys.ts';
import type { TokenOutcomeAnswer } from './routes/wire.ts';

/** What became of a token's keys, which scopes go on, and which wait. */
function describeTokenOutcome(answer: TokenOutcomeAnswer, { terminal }: Context): string {
  const { hsm_token, keys, compromised, promoted, waiting, service_keys } = answer;
  const pairs: [string, Cell][] = [
    ['HSM token', hsm_token],
    ['keys', keys === 0 ? 'none: it was compromised before, or holds none' : [`${keys} compromised`, 'red']],
    ['go on', promoted.length === 0 ? 'none' : promoted.map(({ scope }) => scope).join(' ')],
    ['wait', waiting.length === 0 ? 'none' : [waiting.join(' '), 'yellow']],
  ];
  if (service_keys) pairs.push(['also there', ['the registry key and the audit key: enrol new ones', 'red']]);
  pairs.push(...standbysLack(answer));
  const listed = compromised.map(({ kid, scope }): Cell[] => [kidCell(kid), scope]);
  const parts = [fields(pairs, terminal)];
  if (listed.length > 0) parts.push(table(['compromised', 'scope'], listed, terminal));
  return parts.join('\n\n');
}

interface HsmCompromiseOptions {
  readonly reason: string;
  readonly keepForForensics?: boolean;
}

export async function hsmCompromise(
  context: Context,
  token: string,
  { reason, keepForForensics = false }: HsmCompromiseOptions,
): Promise<void> {
  const call = await connect(context);
  const body = { reason, keep_for_forensics: keepForForensics };
  const answer = await call<TokenOutcomeAnswer>('POST', `/hsm/${encodeURIComponent(token)}/compromise`, body);
  show(context, answer, () => describeTokenOutcome(answer, context));
}

interface HsmEnrolOptions {
  readonly reason: string;
  readonly stolen?: boolean;
}

export async function hsmEnrol(context: Context, { reason, stolen = false }: HsmEnrolOptions): Promise<void> {
  const call = await connect(context);
  const answer = await call<ServiceKeyEnrolmentAnswer>('POST', '/service-keys/enrol', { reason, stolen });
  show(context, answer, () =>
    [
      `Enrolled: registry key ${answer.registry_key}, audit key ${answer.audit_key}.`,
      `The lost token is ${answer.former_token} from now on; ${answer.keys} signing keys were on it.`,
      answer.stolen
        ? 'They are compromised: none of their tokens is accepted.'
        : 'They sign no more, and their tokens are good until they expire.',
    ].join('\n'),
  );
}
