import type { InventoryAnswer } from '../answers.ts';
import type { Context } from '../context.ts';
import { describeInventory } from '../describe-inventory.ts';
import { EXIT } from '../failure.ts';
import { connect } from '../operations-client.ts';
import { show } from '../show.ts';

export interface HsmInventoryOptions {
  readonly token?: string;
  readonly last?: boolean;
}

interface Answer {
  readonly inventories: readonly InventoryAnswer[];
  readonly away?: readonly { readonly hsm_token: string; readonly code: string; readonly detail: string }[];
}

/** Leftovers under a reserved id are known, and no reason for another exit code. */
export async function hsmInventory(context: Context, { token, last }: HsmInventoryOptions): Promise<void> {
  const call = await connect(context);
  const all = last
    ? await call<Answer>('GET', '/inventory')
    : await call<Answer>('POST', '/inventory', token === undefined ? {} : { hsm_token: token });
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
