import { mkdirSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Binding } from '../../src/kernel/key.ts';
import { scopeLabel } from '../../src/kernel/scope.ts';
import type { KeyReference } from '../../src/kernel/signer.ts';
import { createSignerLink, type SignerEvent, type SignerLink } from '../../src/signer/signer-link.ts';
import { composeBindingRecord } from '../../src/token/binding-record.ts';
import {
  bindingOf,
  claimsOf,
  MAIL,
  makeRegistryKey,
  NOW,
  newHsmId,
  PAYMENTS,
  signingInputOf,
} from '../support/provisioned-token.ts';
import { signerOf } from '../support/signer-settings.ts';
import { createSoftHsm, type SoftHsm } from '../support/softhsm.ts';

interface Made {
  readonly reference: KeyReference;
  readonly binding: Binding;
  /** The object files that came with the key. */
  readonly files: readonly string[];
}

const PATIENCE = { timeout: 20_000, interval: 20 };

let hsm: SoftHsm;
let registryKid: string;
let link: SignerLink;
let events: SignerEvent[];
let objects: string;
let aside: string;

beforeEach(async () => {
  hsm = await createSoftHsm();
  registryKid = (await makeRegistryKey(hsm.environment, hsm.settings)).kid;
  objects = join(hsm.tokenFolder, readdirSync(hsm.tokenFolder)[0] ?? '');
  aside = join(hsm.folder, 'aside');
  events = [];
  link = createSignerLink({
    ...signerOf({ ...hsm.settings, registryKid }),
    environment: hsm.environment,
    deadlines: { signMs: 5_000, generateMs: 60_000, openMs: 20_000 },
    queueLimit: 100,
    onEvent: (event) => events.push(event),
  });
  await link.start();
});

afterEach(async () => {
  await link.stop();
  hsm.remove();
});

async function make(scope: typeof PAYMENTS): Promise<Made> {
  const before = readdirSync(objects);
  const hsmId = newHsmId();
  const specification = { hsmId, label: scopeLabel(scope), algorithm: 'ES256', modulusBits: null } as const;
  const { kid } = await link.generate(specification);
  const files = readdirSync(objects).filter((file) => !before.includes(file));
  const binding = bindingOf(scope, { kid, hsmId, algorithm: 'ES256' });
  const record = composeBindingRecord(binding, registryKid, NOW);
  const signature = await link.sign({ kid: registryKid, signingInput: record });
  const bindingRecord = `${record}.${signature.toString('base64url')}`;
  return { reference: { kid, hsmId, bindingRecord }, binding, files };
}

/** `signed`, or the code of the refusal. */
function sign({ binding }: Made): Promise<string> {
  return link.sign({ kid: binding.kid, signingInput: signingInputOf(binding, claimsOf(binding)) }).then(
    () => 'signed',
    (error: { code: string }) => error.code,
  );
}

function move(files: readonly string[], from: string, to: string): void {
  for (const file of files) renameSync(join(from, file), join(to, file));
}

const told = <T extends SignerEvent['type']>(type: T) =>
  events.filter((event): event is Extract<SignerEvent, { type: T }> => event.type === type);

it('a key whose objects are away is missed by a fresh process alone, and serves again when they are back', async () => {
  const [payments, mail] = [await make(PAYMENTS), await make(MAIL)];
  await link.serve([payments.reference, mail.reference]);
  mkdirSync(aside);
  move(mail.files, objects, aside);
  process.kill(told('ready')[0]?.pid ?? 0, 'SIGKILL');
  await expect.poll(() => told('missing'), PATIENCE).toEqual([{ type: 'missing', kids: [mail.binding.kid] }]);
  await expect.poll(() => sign(payments), PATIENCE).toBe('signed');
  expect(await sign(mail)).toBe('key_unproven');
  move(mail.files, aside, objects);
  await expect.poll(() => sign(mail), PATIENCE).toBe('signed');
  expect(await sign(payments)).toBe('signed');
  expect(told('replaced').map(({ why }) => why)).toEqual([
    'killed by SIGKILL',
    'a fresh process proves 2 keys, not 1',
  ]);
  expect(told('missing').at(-1)).toEqual({ type: 'missing', kids: [] });
});

it('a key that the HSM does not show is taken for destroyed only where it shows others', async () => {
  const { reference, files } = await make(PAYMENTS);
  const { hsmId, kid } = reference;
  const all = readdirSync(objects).filter((file) => file.endsWith('.object'));
  mkdirSync(aside);
  move(all, objects, aside);
  await expect(link.destroy({ hsmId, kid, bindingRecord: null })).rejects.toMatchObject({
    code: 'hsm_unavailable',
  });
  move(all, aside, objects);
  await expect.poll(async () => (await link.inventory()).length, PATIENCE).toBeGreaterThan(2);
  await link.destroy({ hsmId, kid, bindingRecord: null });
  await link.destroy({ hsmId, kid, bindingRecord: null });
  expect(readdirSync(objects).filter((file) => files.includes(file) && file.endsWith('.object'))).toEqual([]);
});

it('a token that is away is an outage, which ends by itself when the token is back', async () => {
  const payments = await make(PAYMENTS);
  await link.serve([payments.reference]);
  renameSync(hsm.tokenFolder, aside);
  mkdirSync(hsm.tokenFolder);
  await expect
    .poll(async () => [await sign(payments), link.state()], PATIENCE)
    .toEqual(['hsm_unavailable', 'away']);
  expect(readdirSync(hsm.tokenFolder)).toEqual([]);
  renameSync(aside, hsm.tokenFolder);
  await expect.poll(() => sign(payments), PATIENCE).toBe('signed');
  expect(told('missing')).toEqual([]);
  expect(told('latched')).toEqual([]);
});
