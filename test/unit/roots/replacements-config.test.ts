import { expect, it } from 'vitest';
import { type Replacement, readReplacement, replacementFlaws } from '../../../src/keys/hsm-replacements.ts';
import { softwareKey } from '../../support/software-keys.ts';

const key = () => {
  const { kid, publicJwk } = softwareKey('ES256');
  return { kid, ...publicJwk };
};
const successor = () => ({ hsm_id: '0'.repeat(32), public_key: key() });

function replacement(former: Replacement['former'] | undefined, last_checkpoint: number): Replacement {
  return readReplacement({
    replaced_at: 1_800_000_000,
    last_checkpoint,
    former: former ?? { registry_key: key(), audit_key: key() },
    successors: { registry_key: successor(), audit_key: successor() },
  });
}

const first = replacement(undefined, 4);
const { registry_key, audit_key } = first.successors;
const second = replacement({ registry_key: registry_key.public_key, audit_key: audit_key.public_key }, 9);
const inUse = ({ successors }: Replacement) => ({
  registry_key: successors.registry_key.public_key.kid,
  audit_key: successors.audit_key.public_key.kid,
});

it('replacements lead from each key to the next, up to those in use', () => {
  expect(replacementFlaws({ ...inUse(first), replacements: [first] })).toEqual([]);
  expect(replacementFlaws({ ...inUse(second), replacements: [first, second] })).toEqual([]);
});

it.each<[string, Parameters<typeof replacementFlaws>[0], string]>([
  [
    'the keys in use are others',
    { ...inUse(second), replacements: [first] },
    'hsm.replacements.0.successors.registry_key is not in use after it',
  ],
  [
    'one is missing',
    { ...inUse(second), replacements: [first, replacement(undefined, 9)] },
    'hsm.replacements.0.successors.registry_key is not in use after it',
  ],
  [
    'an audit key would count for checkpoints of the one before it',
    { ...inUse(second), replacements: [first, { ...second, last_checkpoint: 3 }] },
    'hsm.replacements.1.last_checkpoint is before that of the replacement before',
  ],
])('are refused where %s', (_, hsm, message) => {
  expect(replacementFlaws(hsm).map(({ path, advice }) => `${path.join('.')} ${advice}`)).toContain(message);
});

it('a key whose kid is not its thumbprint is refused', () => {
  const registry_key = { ...key(), kid: first.former.registry_key.kid };
  expect(() => replacement({ ...first.former, registry_key } as Replacement['former'], 1)).toThrow(
    'kid is not the thumbprint of the key',
  );
});
