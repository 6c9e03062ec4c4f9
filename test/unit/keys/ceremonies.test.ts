import { describe, expect, it } from 'vitest';
import type { StoredEvent } from '../../../src/kernel/audit.ts';
import { REQUIRED_ATTRIBUTES } from '../../../src/kernel/key-proof.ts';
import { createCeremonies } from '../../../src/keys/ceremonies.ts';
import { createKeyRing } from '../../../src/keys/key-ring.ts';
import { makeKey, proveNewKey } from '../../../src/keys/make-key.ts';
import { createBindingKeys } from '../../../src/keys/registry-key.ts';
import { FakeSigner } from '../../support/fake-signer.ts';
import { aScope } from '../../support/software-keys.ts';

const NOW = 1_800_000_000;
const scope = aScope({ id: 'payments' });

async function aCeremony(changes: { details?: object; forget?: boolean } = {}) {
  const signer = new FakeSigner();
  const { kid } = signer.registry;
  const bindingKeys = createBindingKeys({
    ...signer.registry,
    sign: async (signingInput) =>
      `${signingInput}.${(await signer.sign({ kid, signingInput })).toString('base64url')}`,
  });
  const making = { signer, bindingKeys, clock: { nowSeconds: () => NOW } };
  const keys = [
    await makeKey(making, scope, { hsmToken: 'primary', hsmId: 'aa'.repeat(16) }, 1),
    await makeKey(making, scope, { hsmToken: 'primary', hsmId: 'bb'.repeat(16) }, 2),
  ];
  const made = await Promise.all(keys.map((key) => proveNewKey({ signer }, key)));
  const recorded = made.map(({ key, statement }) => ({
    kid: key.kid,
    state: key.state,
    proof: { statement },
  }));
  const event = (subject: string, type: string, details: object): StoredEvent => ({
    sequence: 7,
    time: NOW,
    type,
    actor: 'alice',
    subject,
    requestId: 'req-1',
    traceId: null,
    detailsJson: JSON.stringify(details),
    hash: Buffer.alloc(32, 1),
  });
  const created = event('scope:payments', 'scope.created', { keys: recorded, ...changes.details });
  const opened = { ...event('proposal:p1', 'proposal.opened', {}), time: NOW - 60 };
  const keyRing = createKeyRing();
  keyRing.put({ scopes: [scope], keys });
  const parts = {
    keyRing,
    bindingKeys,
    audit: {
      lastAbout: async (subject: string, type: string) =>
        (changes.forget ? [] : [created, opened]).find(
          (each) => each.subject === subject && each.type === type,
        ),
    },
  };
  return { ceremonies: createCeremonies(parts), parts, keys, recorded, created };
}

describe('the record of a ceremony', () => {
  it('holds both keys, what each signed of itself, and the event', async () => {
    const { ceremonies, keys, created } = await aCeremony();
    const found = await ceremonies.of('payments');
    expect(found).toMatchObject({ scope, event: created, approval: null });
    expect(found.keys.map(({ key }) => key)).toEqual(keys);
    for (const { proof, key } of found.keys) {
      expect(proof).toMatchObject({
        kid: key.kid,
        hsmId: key.binding.hsmId,
        token: { serial: '0000000000000001' },
      });
      expect(Object.keys(proof.attributes)).toHaveLength(Object.keys(REQUIRED_ATTRIBUTES).length);
    }
  });

  it('names who approved it, and when it was proposed', async () => {
    const approved = { proposal: 'p1', approved_by: 'bob' };
    const { ceremonies } = await aCeremony({ details: approved });
    expect((await ceremonies.of('payments')).approval).toEqual({
      proposalId: 'p1',
      approvedBy: 'bob',
      proposedAt: NOW - 60,
    });
    const lost = await aCeremony({ details: { ...approved, proposal: 'p2' } });
    expect((await lost.ceremonies.of('payments')).approval).toMatchObject({ proposedAt: null });
  });

  it('is there for no scope that is not, and for none that was made without one', async () => {
    const { ceremonies } = await aCeremony();
    await expect(ceremonies.of('ghost')).rejects.toMatchObject({ code: 'unknown_scope' });
    const unrecorded = { code: 'ceremony_unrecorded' };
    await expect((await aCeremony({ forget: true })).ceremonies.of('payments')).rejects.toMatchObject(
      unrecorded,
    );
    for (const keys of [undefined, [], [{ kid: 'a', state: 'active' }], [null]]) {
      const older = await aCeremony({ details: { keys } });
      await expect(older.ceremonies.of('payments')).rejects.toMatchObject(unrecorded);
    }
  });

  it('is refused where the event was changed', async () => {
    const own = await aCeremony();
    const [first, second] = own.recorded;
    const { ceremonies } = await aCeremony({ details: { keys: [first] } });
    await expect(ceremonies.of('payments')).rejects.toMatchObject({ code: 'registry_refused' });
    const swapped = [{ ...first, proof: second?.proof }];
    const event = { ...own.created, detailsJson: JSON.stringify({ keys: swapped }) };
    const changed = createCeremonies({ ...own.parts, audit: { lastAbout: async () => event } });
    await expect(changed.of('payments')).rejects.toMatchObject({ code: 'key_unproven' });
  });
});
