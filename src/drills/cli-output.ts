import type { Context } from '../cli/context.ts';
import { connect } from '../cli/operations-client.ts';
import { show } from '../cli/show.ts';
import { type Cell, fields, table } from '../cli/table.ts';
import { humanTime } from '../cli/text.ts';
import type { DrillAnswer, DrillsAnswer } from './routes.ts';

export async function drillList(context: Context): Promise<void> {
  const call = await connect(context);
  const answer = await call<DrillsAnswer>('GET', '/drills');
  show(context, answer, () => describeDrills(answer, context));
}

export function describeDrill(of: DrillAnswer, { terminal }: Context): string {
  const head = fields(
    [
      ['drill', [of.drill, 'bold']],
      ['scope', of.scope ?? '-'],
      ['result', verdict(of)],
      ['performed', `${of.performed_by}, ${humanTime(of.performed_at, terminal.nowSeconds)}`],
    ],
    terminal,
  );
  const rows = of.steps.map(({ name, took_ms }) => [name, `${took_ms} ms`]);
  return `${head}\n\n${table(['step', 'from the beginning'], rows, terminal)}`;
}

function describeDrills({ drills, standings }: DrillsAnswer, { terminal }: Context): string {
  const due = standings.map(({ drill, last_passed_at, overdue_at }): Cell[] => [
    drill,
    last_passed_at === null ? 'never' : { time: last_passed_at },
    overdue_at < terminal.nowSeconds
      ? { time: overdue_at, lead: 'overdue since ', colour: 'red' }
      : { time: overdue_at },
  ]);
  const next = table(['drill', 'last passed', 'next by'], due, terminal);
  if (drills.length === 0) return next;
  const done = drills.map((each): Cell[] => [
    each.drill,
    each.scope ?? '-',
    verdict(each),
    each.performed_by,
    { time: each.performed_at },
  ]);
  return `${next}\n\n${table(['drill', 'scope', 'result', 'by', 'performed'], done, terminal)}`;
}

function verdict({ passed }: DrillAnswer): Cell {
  return passed ? ['passed', 'green'] : ['failed', 'red'];
}
