import type { Played } from './run.ts';

interface Line {
  readonly fault: string;
  readonly rounds: number;
  readonly tokens: number;
  readonly refused: number;
  readonly compromises: number;
  readonly ended: number;
  readonly outage: string;
  readonly recovery: string;
  readonly violations: string;
}

const HEAD: Record<keyof Line, string> = {
  fault: 'fault',
  rounds: 'rounds',
  tokens: 'tokens',
  refused: 'refused',
  compromises: 'compromises',
  ended: 'ended',
  outage: 'longest outage',
  recovery: 'slowest recovery',
  violations: 'violations',
};

/** One line a fault, over all rounds. */
export function tableOf(played: readonly Played[]): string {
  const names = [...new Set(played.map(({ fault }) => fault))];
  const lines = names.map((fault) =>
    lineOf(
      fault,
      played.filter((each) => each.fault === fault),
    ),
  );
  const columns = Object.keys(HEAD) as (keyof Line)[];
  const widths = columns.map((column) =>
    Math.max(...[HEAD, ...lines].map((line) => String(line[column]).length)),
  );
  return [HEAD, ...lines]
    .map((line) =>
      columns
        .map((column, at) => String(line[column]).padEnd(widths[at] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function lineOf(fault: string, rounds: readonly Played[]): Line {
  const sum = (of: (played: Played) => number) => rounds.reduce((total, each) => total + of(each), 0);
  return {
    fault,
    rounds: rounds.length,
    tokens: sum(({ acknowledged }) => acknowledged),
    refused: sum(({ refused, unknown }) => refused + unknown),
    compromises: sum(({ compromised }) => Number(compromised)),
    ended: sum(({ ended }) => ended.length),
    outage: seconds(Math.max(...rounds.map(({ outageMs }) => outageMs))),
    recovery: recoveryOf(rounds),
    violations: violationsOf(rounds),
  };
}

/** Without a token of each front since, the service has stopped. */
function recoveryOf(rounds: readonly Played[]): string {
  const times = rounds.flatMap(({ recoveryMs }) => (recoveryMs === undefined ? [] : [recoveryMs]));
  const stopped = rounds.length - times.length;
  const longest = times.length > 0 ? seconds(Math.max(...times)) : '';
  return [longest, stopped > 0 ? `stopped ${stopped}` : ''].filter((text) => text !== '').join(', ');
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

function violationsOf(rounds: readonly Played[]): string {
  const counts = new Map<string, number>();
  for (const { violations } of rounds)
    for (const { property } of violations) counts.set(property, (counts.get(property) ?? 0) + 1);
  if (counts.size === 0) return '0';
  return [...counts].map(([property, count]) => `${property}: ${count}`).join(', ');
}
