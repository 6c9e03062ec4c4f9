import type { InventoryAnswer } from './answers.ts';
import type { Colour } from './colour.ts';
import type { Context } from './context.ts';
import { type Cell, fields, table } from './text.ts';
import { humanTime } from './time.ts';

const COLOURS = new Map<string, Colour>([
  ['leftover', 'dim'],
  ['unexpected', 'yellow'],
]);

/** What an HSM token is, and in what it differs from the registry. */
export function describeInventory(of: InventoryAnswer, { terminal }: Context): string {
  const { label, serial, manufacturer, model, firmware } = of.token;
  const known = fields(
    [
      ['HSM token', [of.hsm_token, 'bold']],
      ['label', `${label} (serial ${serial})`],
      ['device', `${manufacturer} ${model}, firmware ${firmware}`],
      ['looked at', humanTime(of.taken_at, terminal.nowSeconds)],
      ['keys', `${of.proven} of ${of.expected} proven`],
      ['objects', String(of.objects)],
    ],
    terminal.colour,
  );
  if (of.findings.length === 0) return `${known}\n\nIt holds what the registry says, and nothing else.`;
  const rows = of.findings.flatMap(({ kind, hsm_id, kid, scope, details }) =>
    details.map((detail, at): Cell[] =>
      at === 0
        ? [[kind, COLOURS.get(kind) ?? 'red'], kid ?? '-', scope ?? '-', hsm_id ?? '-', detail]
        : ['', '', '', '', detail],
    ),
  );
  const found = table(['finding', 'kid', 'scope', 'HSM id', 'details'], rows, terminal.colour);
  return [known, found, ...(of.omitted > 0 ? [`and ${of.omitted} more`] : [])].join('\n\n');
}
