import type { Context } from '../cli/context.ts';
import { EXIT } from '../cli/failure.ts';
import { connect } from '../cli/operations-client.ts';
import { show } from '../cli/show.ts';
import { type Cell, fields, kidCell, table } from '../cli/table.ts';
import { type Colour, humanTime } from '../cli/text.ts';
import type { InventoryAnswer } from './routes.ts';

const COLOURS = new Map<string, Colour>([
  ['leftover', 'dim'],
  ['unexpected', 'yellow'],
]);

/** What an HSM token is, and in what it differs from the registry. */
function describeInventory(of: InventoryAnswer['inventories'][number], { terminal }: Context): string {
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
    terminal,
  );
  if (of.findings.length === 0) return `${known}\n\nIt holds what the registry says, and nothing else.`;
  const rows = of.findings.map(({ kind, hsm_id, kid, scope, details }): Cell[] => [
    [kind, COLOURS.get(kind) ?? 'red'],
    kid === null ? '-' : kidCell(kid),
    scope ?? '-',
    hsm_id ?? '-',
    details.join('; '),
  ]);
  const found = table(
    ['finding', 'kid', 'scope', { name: 'HSM id', extra: true }, 'details'],
    rows,
    terminal,
  );
  return [known, found, ...(of.omitted > 0 ? [`and ${of.omitted} more`] : [])].join('\n\n');
}

interface HsmInventoryOptions {
  readonly token?: string;
  readonly last?: boolean;
}

/** What the last inventories found lacks `away`. */
type Inventories = Pick<InventoryAnswer, 'inventories'> & Partial<InventoryAnswer>;

/** Leftovers under a reserved id are known, and no reason for another exit code. */
export async function hsmInventory(context: Context, { token, last }: HsmInventoryOptions): Promise<void> {
  const call = await connect(context);
  const all = last
    ? await call<Inventories>('GET', '/inventory')
    : await call<Inventories>('POST', '/inventory', token === undefined ? {} : { hsm_token: token });
  const inventories = all.inventories.filter(({ hsm_token }) => token === undefined || hsm_token === token);
  const answer = { ...all, inventories };
  const { away = [] } = answer;
  show(context, answer, () =>
    [
      ...inventories.map((inventory) => describeInventory(inventory, context)),
      ...away.map(({ hsm_token, detail }) => `${hsm_token}: ${detail}`),
    ].join('\n\n'),
  );
  const differs = inventories.some(({ findings }) => findings.some(({ kind }) => kind !== 'leftover'));
  if (differs || away.length > 0) context.terminal.endWith(EXIT.failed);
}
