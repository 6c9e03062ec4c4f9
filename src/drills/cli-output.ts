import type { Context } from '../cli/context.ts';
import { type Cell, fields, table } from '../cli/table.ts';
import { humanTime } from '../cli/time.ts';

export interface DrillAnswer {
  readonly drill: string;
  readonly scope: string | null;
  readonly passed: boolean;
  readonly steps: readonly { readonly name: string; readonly took_ms: number }[];
  readonly performed_at: number;
  readonly performed_by: string;
}

export interface DrillsAnswer {
  readonly drills: readonly DrillAnswer[];
  readonly standings: readonly {
    readonly drill: string;
    readonly last_passed_at: number | null;
    readonly overdue_at: number;
  }[];
}

export function describeDrill(of: DrillAnswer, { terminal }: Context): string {
  const head = fields(
    [
      ['drill', [of.drill, 'bold']],
      ['scope', of.scope ?? '-'],
      ['result', verdict(of)],
      ['performed', `${of.performed_by}, ${humanTime(of.performed_at, terminal.nowSeconds)}`],
    ],
    terminal.colour,
  );
  const rows = of.steps.map(({ name, took_ms }) => [name, `${took_ms} ms`]);
  return `${head}\n\n${table(['step', 'from the beginning'], rows, terminal.colour)}`;
}

export function describeDrills({ drills, standings }: DrillsAnswer, { terminal }: Context): string {
  const { nowSeconds, colour } = terminal;
  const time = (seconds: number) => humanTime(seconds, nowSeconds);
  const due = standings.map(({ drill, last_passed_at, overdue_at }): Cell[] => [
    drill,
    last_passed_at === null ? 'never' : time(last_passed_at),
    overdue_at < nowSeconds ? [`overdue since ${time(overdue_at)}`, 'red'] : time(overdue_at),
  ]);
  const next = table(['drill', 'last passed', 'next by'], due, colour);
  if (drills.length === 0) return next;
  const done = drills.map((each): Cell[] => [
    each.drill,
    each.scope ?? '-',
    verdict(each),
    each.performed_by,
    time(each.performed_at),
  ]);
  return `${next}\n\n${table(['drill', 'scope', 'result', 'by', 'performed'], done, colour)}`;
}

function verdict({ passed }: DrillAnswer): Cell {
  return passed ? ['passed', 'green'] : ['failed', 'red'];
}
