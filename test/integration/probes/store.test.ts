import { expect, it } from 'vitest';
import { KeywardError } from '../../../src/kernel/errors.ts';
import { openTestStore } from '../../support/open-test-store.ts';
import { provisionRegistry } from '../../support/provisioned-registry.ts';
import { ALICE } from '../../support/registry-samples.ts';
import { SOFTWARE_SEAL } from '../../support/software-seal.ts';
import { auditEventsIn, query } from '../../support/store-database.ts';

const PROBE = {
  clientId: 'payments-web',
  scopeId: 'payments',
  url: 'https://payments.example/probe',
  setAt: 7,
};
const MOVED = { ...PROBE, url: 'https://payments.example/elsewhere', setAt: 9 };

const told = (file: string) =>
  auditEventsIn(file)
    .filter(({ type }) => type.startsWith('probe.'))
    .map(({ type, subject, details }) => [type, subject, details]);

it('keeps one URL for each client and scope, each change with its audit event, over a restart', async () => {
  const { store, file } = await provisionRegistry();
  await store.verifierProbes.set({ ...PROBE, clientId: 'mail-web' }, ALICE);
  await store.verifierProbes.set(PROBE, ALICE);
  await store.verifierProbes.set(MOVED, ALICE);
  await store.verifierProbes.remove({ clientId: 'mail-web', scopeId: 'payments' }, ALICE);
  await store.verifierProbes.remove({ clientId: 'mail-web', scopeId: 'payments' }, ALICE);
  expect(store.verifierProbes.all()).toEqual([MOVED]);
  expect(told(file)).toEqual([
    ['probe.set', 'client:mail-web', { scope: 'payments', was: null, is: PROBE.url }],
    ['probe.set', 'client:payments-web', { scope: 'payments', was: null, is: PROBE.url }],
    ['probe.set', 'client:payments-web', { scope: 'payments', was: PROBE.url, is: MOVED.url }],
    ['probe.removed', 'client:mail-web', { scope: 'payments', was: PROBE.url }],
  ]);
  await store.close();
  const again = await openTestStore({ file });
  expect([again.report.refused, again.store.verifierProbes.all()]).toEqual([[], [MOVED]]);
});

it('uses no row that somebody else wrote: tokens are sent nowhere else', async () => {
  const { store, file } = await provisionRegistry();
  await store.verifierProbes.set(PROBE, ALICE);
  await store.close();
  query(file, "update verifier_probes set url = 'https://thief.example/'");
  const again = await openTestStore({ file });
  expect(again.report.refused).toMatchObject([{ table: 'verifier_probes' }]);
  expect(again.store.verifierProbes.all()).toEqual([]);
});

it('takes the registry key to set and to remove: neither is a restriction', async () => {
  const { store, file } = await provisionRegistry();
  await store.verifierProbes.set(PROBE, ALICE);
  await store.close();
  const away = async (): Promise<never> => {
    throw new KeywardError('hsm_unavailable', 'The HSM is away.');
  };
  const again = await openTestStore({ file, seal: { ...SOFTWARE_SEAL, signRow: away, signHead: away } });
  const { verifierProbes } = again.store;
  await expect(verifierProbes.set(MOVED, ALICE)).rejects.toMatchObject({ code: 'hsm_unavailable' });
  await expect(verifierProbes.remove(PROBE, ALICE)).rejects.toMatchObject({ code: 'hsm_unavailable' });
  expect(verifierProbes.all()).toEqual([PROBE]);
});
