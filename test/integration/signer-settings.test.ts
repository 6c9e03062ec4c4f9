import { chmodSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { scopeLabel } from '../../src/kernel/scope.ts';
import { readSettings } from '../../src/signer/settings.ts';
import { readPublicJwk, thumbprint } from '../../src/token/public-jwk.ts';
import { openWorkbench, type Workbench } from '../support/hsm-workbench.ts';
import { makeRegistryKey, newHsmId, PAYMENTS, provision } from '../support/provisioned-token.ts';
import { type SignerProcess, startSigner } from '../support/signer-process.ts';
import { writeSettings } from '../support/signer-settings.ts';
import { createSoftHsm, type SoftHsm } from '../support/softhsm.ts';
import { softwareKey } from '../support/software-keys.ts';

let hsm: SoftHsm;
let registryKid: string;
let workbench: Workbench;
let signer: SignerProcess;

beforeAll(async () => {
  hsm = await createSoftHsm();
  registryKid = (await makeRegistryKey(hsm.environment, hsm.settings)).kid;
  workbench = await openWorkbench(hsm);
  signer = startSigner(hsm.environment, { ...hsm.settings, registryKid });
});

afterAll(async () => {
  await signer.stop();
  await workbench.stop();
  hsm.remove();
});

it('takes no binding key that its settings do not name', async () => {
  const { publicJwk } = softwareKey('ES256');
  const opening = { ...signer.opening, otherBindingKeys: [publicJwk] };
  expect(await signer.failing('open', opening)).toEqual({
    code: 'invalid_request',
    message: 'the settings name no such binding key',
  });
});

it('opens the token of its settings, whatever paths a message names', async () => {
  const named = {
    ...signer.opening,
    modulePath: '/nonexistent',
    pinFile: '/nonexistent',
    latchFile: '/nonexistent',
    registryKid: null,
  };
  expect(await signer.ask('open', named)).toMatchObject({ serial: hsm.settings.tokenSerial });
});

it.each([
  ['a second registry key', 'kw1.registry'],
  ['the binding key of a further token', 'kw1.binding'],
])('does not make %s', async (_, label) => {
  const made = { hsmId: newHsmId(), label, algorithm: 'ES256', modulusBits: null } as const;
  expect(await signer.failing('generate', made)).toMatchObject({ code: 'invalid_request' });
});

it('reads no settings that others can write', () => {
  const [file, hsmToken] = writeSettings(hsm.settings);
  expect(readSettings(file, hsmToken)).toMatchObject({ modulePath: hsm.settings.modulePath });
  chmodSync(file, 0o620);
  expect(() => readSettings(file, hsmToken)).toThrow('is writable by group or others: chmod go-w it');
});

it.each([
  ['of another application', 'backup', 'the object of this id is not one of ours'],
  ['that only has a label like ours', scopeLabel(PAYMENTS), 'the signer did not make this key'],
])('destroys no key %s, but its own', async (_, label, message) => {
  const hsmId = newHsmId();
  await workbench.generate({ hsmId, label });
  const [point = Buffer.alloc(0)] = await workbench.points(hsmId);
  const [x, y] = [point.subarray(1, 33), point.subarray(33)].map((part) => part.toString('base64url'));
  const kid = thumbprint(readPublicJwk({ kty: 'EC', crv: 'P-256', x, y }));
  const doomed = { hsmId, kid, bindingRecord: null };
  expect(await signer.failing('destroy', doomed)).toMatchObject({ code: 'hsm_refused', message });
  expect(await signer.failing('discard', { hsmId })).toMatchObject({ code: 'hsm_refused' });
  const own = await provision(signer, registryKid, PAYMENTS);
  await signer.ask('destroy', { ...own, bindingRecord: null });
  const ids = (await signer.ask('inventory', null)).map((object) => object.hsmId);
  expect([ids.includes(hsmId), ids.includes(own.hsmId)]).toEqual([true, false]);
});
