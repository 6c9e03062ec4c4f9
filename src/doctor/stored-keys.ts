import { tokenColumn } from '../db/hsm-token-column.ts';
import { ownSchema } from '../db/own-schema.ts';
import { Reader } from '../db/reader.ts';
import type { KeyReference } from '../kernel/signer.ts';

/** Keys whose private half should be on that HSM token, read without a trace. */
export async function storedKeys(databaseFile: string, hsmToken: string): Promise<readonly KeyReference[]> {
  const reader = new Reader(databaseFile, await ownSchema());
  try {
    const rows = await reader.read((trx) =>
      trx
        .selectFrom('signing_keys')
        .select(['kid', 'hsm_id', 'binding_record'])
        .where('hsm_token', 'is', tokenColumn(hsmToken))
        .where('state', 'in', ['pre_activation', 'active', 'suspended'])
        .orderBy('kid')
        .execute(),
    );
    return rows.flatMap(({ kid, hsm_id, binding_record }) =>
      kid !== null && binding_record !== null ? [{ kid, hsmId: hsm_id, bindingRecord: binding_record }] : [],
    );
  } finally {
    reader.close();
  }
}
