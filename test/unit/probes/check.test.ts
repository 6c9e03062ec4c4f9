import { join } from 'node:path';
import { expect, it } from 'vitest';
import { DRILL_ISSUER } from '../../../src/kernel/issuance.ts';
import { checkProbes } from '../../../src/probes/check.ts';
import { folderOfTest } from '../../support/folder-of-test.ts';
import { provisionRegistry } from '../../support/provisioned-registry.ts';
import { ALICE, placeSample, scopeSample } from '../../support/registry-samples.ts';
import { query } from '../../support/store-database.ts';

const PROBE = { clientId: 'payments-web', scopeId: 'payments', url: 'https://payments.example', setAt: 7 };

it('warns where verifiers are probed without a drill scope, and is content once there is one', async () => {
  const { store, file } = await provisionRegistry();
  const look = () => checkProbes({ database: { file } });
  expect(await look()).toEqual([]);
  await store.verifierProbes.set(PROBE, ALICE);
  expect(await look()).toEqual([
    {
      check: 'probing',
      level: 'warn',
      summary:
        'without a drill scope no verifier is sent a token of another scope: merged key sets are not found',
      advice: 'keyward scope create drill --issuer https://drill.invalid --audience https://drill.invalid',
    },
  ]);
  const drill = scopeSample('drill', { issuer: DRILL_ISSUER });
  await store.registry.reserveScope(drill, [placeSample(8), placeSample(9)], ALICE);
  expect(await look()).toEqual([
    {
      check: 'probing',
      level: 'ok',
      summary: 'verifiers: 1; a drill scope has the token of another scope for them',
    },
  ]);
});

it('says nothing before there is a database, and why it cannot read one', async () => {
  const file = join(folderOfTest(), 'keyward.db');
  expect(await checkProbes({ database: { file } })).toEqual([]);
  query(file, 'select 1');
  expect(await checkProbes({ database: { file } })).toMatchObject([{ check: 'probing', level: 'warn' }]);
});
