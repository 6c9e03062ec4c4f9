import type { KeyReference } from '../domain/signer.ts';
import { Reader } from '../store/reader.ts';

/** Keys whose private half should be in the HSM, read without a trace. */
export async function storedKeys(databaseFile: string): Promise<readonly KeyReference[]> {
  const reader = new Reader(databaseFile);
  try {
    const rows = await reader.read((trx) =>
      trx
        .selectFrom('signing_keys')
        .select(['kid', 'hsm_id', 'binding_record'])
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
