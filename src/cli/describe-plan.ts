import type { Plan } from '../provisioning/compare.ts';
import type { Change } from '../provisioning/step.ts';
import type { Colour } from './colour.ts';
import type { Context } from './context.ts';
import { flowText } from './flow-text.ts';
import { refusalText } from './policy-refusals.ts';
import { type Cell, table } from './text.ts';

const SIGNS: Record<Change['action'], readonly [sign: string, colour: Colour]> = {
  create: ['+', 'green'],
  change: ['~', 'yellow'],
  remove: ['-', 'red'],
};

export const CHANGE_HEADINGS = ['', '', 'kind', 'id', 'member', 'change'] as const;

/** A line for each change, then what is left alone, then the sum. */
export function describePlan({ steps, unmanaged }: Plan, { terminal }: Context): string {
  const changes = steps.flatMap((step) => step.changes);
  const left = unmanaged.map(({ kind, id, member }): readonly Cell[] => [
    ['?', 'dim'],
    kind,
    id,
    member ?? '',
  ]);
  return [
    ...(changes.length > 0 ? [table(CHANGE_HEADINGS, changes.map(changeCells), terminal.colour)] : []),
    ...(left.length > 0 ? [table(['', 'left alone', 'id', 'member'], left, terminal.colour)] : []),
    sumOf(changes),
  ].join('\n\n');
}

/** `!` marks what takes two persons. */
export function changeCells(change: Change): readonly Cell[] {
  const { action, kind, id, member, weakens } = change;
  return [
    SIGNS[action],
    weakens ? ['!', 'yellow'] : '',
    kind,
    [id, 'bold'],
    member ?? '',
    whatChanges(change),
  ];
}

function whatChanges({ action, kind, from, to, refuses }: Change): string {
  if (action === 'change') {
    const refusal = refuses === undefined ? undefined : refusalText(refuses);
    return `${flowText(from)} → ${flowText(to)}${refusal === undefined ? '' : `, ${refusal}`}`;
  }
  if (action === 'remove' && kind === 'client') return 'revoked, for good';
  return Object.entries(to ?? {})
    .map(([name, value]) => `${name} ${flowText(value)}`)
    .join(', ');
}

function sumOf(changes: readonly Change[]): string {
  if (changes.length === 0) return 'Nothing to do.';
  const count = (action: Change['action']) => changes.filter((change) => change.action === action).length;
  const sum = `${count('create')} to create, ${count('change')} to change, ${count('remove')} to remove.`;
  return changes.some(({ weakens }) => weakens)
    ? `${sum}\n! waits for a second person where the service asks for two.`
    : sum;
}
