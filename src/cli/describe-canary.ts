import type { CanaryAnswer } from './answers.ts';
import type { Context } from './context.ts';
import { type Cell, fields, table } from './text.ts';
import { humanTime } from './time.ts';

/** A line each. */
export function describeCanaries(canaries: readonly CanaryAnswer[], { terminal }: Context): string {
  if (canaries.length === 0) return 'no canaries';
  return table(
    ['id', 'kind', 'planted', 'scope', 'created', 'by', 'retired'],
    canaries.map((canary) => [
      [canary.id, 'bold'],
      canary.kind,
      canary.planted,
      canary.scope ?? '-',
      humanTime(canary.created_at, terminal.nowSeconds),
      canary.created_by,
      retired(canary, terminal.nowSeconds),
    ]),
    terminal.colour,
  );
}

/** One, a line a member. */
export function describeCanary(canary: CanaryAnswer, { terminal }: Context): string {
  return fields(
    [
      ['id', [canary.id, 'bold']],
      ['kind', canary.kind],
      ['planted', canary.planted],
      ['scope', canary.scope ?? '-'],
      ['created', `${humanTime(canary.created_at, terminal.nowSeconds)} by ${canary.created_by}`],
      ['retired', retired(canary, terminal.nowSeconds)],
    ],
    terminal.colour,
  );
}

function retired({ retired_at: at }: CanaryAnswer, nowSeconds: number): Cell {
  return at === null ? '-' : [humanTime(at, nowSeconds), 'red'];
}
