import type { Context } from '../cli/context.ts';
import { type Cell, fields, table } from '../cli/table.ts';
import type { HsmReport, TrialReport } from './describe-hsm.ts';

type Module = NonNullable<HsmReport['module']>;

/** To be pasted into a bug report as it is. */
export function humanReport(
  { token, signer, module, trials, not_tried }: HsmReport,
  context: Context,
): string {
  const { terminal } = context;
  const head: (readonly [string, Cell])[] = [
    ['HSM token', token],
    ['signer', signer === 'own' ? 'under a user of its own' : 'of the service'],
    ...(module ? describe(module) : []),
    ...not_tried.map((why) => ['not tried', why] as const),
  ];
  return [
    fields(head, terminal),
    ...(module ? [table(MECHANISM_HEADINGS, module.mechanisms.map(mechanismRow), terminal)] : []),
    ...(trials.length > 0 ? [table(TRIAL_HEADINGS, trials.map(trialRow), terminal)] : []),
  ].join('\n\n');
}

function describe({ library, token, sessions, profile }: Module): (readonly [string, Cell])[] {
  return [
    ['library', `${library.description}, ${library.manufacturer}, version ${library.version}`],
    ['cryptoki', library.cryptoki_version],
    ['model', `${token.manufacturer} ${token.model}, hardware ${token.hardware}, firmware ${token.firmware}`],
    ['flags', token.flags.join(' ') || 'none'],
    [
      'sessions',
      `${sessions.used} used; at most ${limit(sessions.most)}, read-write ${limit(sessions.most_read_write)}`,
    ],
    [
      'profile',
      `${profile.name}${profile.offers_optional_attributes ? '' : ': no attribute is offered that a key can do without'}`,
    ],
  ];
}

function limit(most: number | null): string {
  return most === null ? 'unlimited or not said' : String(most);
}

const MECHANISM_HEADINGS = ['mechanism', 'supported', 'key sizes', 'for'];

function mechanismRow({
  name,
  supported,
  smallest_key,
  largest_key,
  algorithms,
}: Module['mechanisms'][number]): Cell[] {
  const sizes = smallest_key === null ? '-' : `${smallest_key} to ${largest_key}`;
  return [name, supported ? 'yes' : ['no', 'red'], sizes, algorithms.join(' ')];
}

const TRIAL_HEADINGS = ['trial key', 'outcome', 'signature', 'what stands in the way'];

function trialRow({
  algorithm,
  outcome,
  answer,
  refused_attributes,
  unproven,
  signature_ms,
}: TrialReport): Cell[] {
  const why = [...refused_attributes, ...(answer === null ? [] : [answer]), ...unproven].join('; ');
  return [
    algorithm,
    outcome === 'proven' ? outcome : [outcome, 'red'],
    signature_ms === null ? '-' : `${signature_ms} ms`,
    why || '-',
  ];
}
