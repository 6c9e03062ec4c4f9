import { expect, it } from 'vitest';
import { KeywardError } from '../../src/kernel/errors.ts';
import type { Leadership, UnfinishedWork } from '../../src/kernel/registry.ts';
import type { Signer } from '../../src/kernel/signer.ts';
import { createProvisioner } from '../../src/keys/provision-scope.ts';
import { ACTOR, definitionOf, openComposedService, SECOND_TOKEN } from '../simulation/composed-service.ts';
import { movableClock } from '../simulation/movable-clock.ts';
import { switchedLeadership } from '../support/leadership.ts';

const definition = (id: string) => ({ ...definitionOf(id), standbyToken: SECOND_TOKEN });
const away = () => Promise.reject(new KeywardError('hsm_unavailable', 'the HSM is away'));

async function open() {
  const service = await openComposedService(movableClock(1_767_225_600));
  const { store, signer, making, keyRing, provisioner } = service;
  /** Makes nothing on the second token, or takes nothing away there. */
  const failing = (...names: readonly ('generate' | 'discard')[]) => {
    const on = (name: 'generate' | 'discard') => (key: { readonly hsmToken: string }) =>
      key.hsmToken === SECOND_TOKEN ? away() : signer[name](key as never);
    const failures = Object.fromEntries(names.map((name) => [name, on(name)])) as Partial<Signer>;
    return createProvisioner({ ...making, signer: { ...signer, ...failures } });
  };
  return {
    rollingBack: (leadership: Leadership) => () =>
      createProvisioner({ ...making, leadership }).rollBack(ACTOR),
    keyRing,
    registry: store.registry,
    provisioner,
    failing,
    /** How many there are on both tokens. */
    async objects(): Promise<number> {
      return (await Promise.all(signer.tokens.map((name) => signer.inventory(name)))).flat().length;
    },
  };
}

it('a scope is made with its active key on one token and its standby on the other, which verifiers know at once', async () => {
  const { provisioner } = await open();
  const { keys } = await provisioner.create(definition('payments'), ACTOR);
  expect(keys.map(({ state, hsmToken }) => [state, hsmToken])).toEqual([
    ['active', 'primary'],
    ['pre_activation', SECOND_TOKEN],
  ]);
  expect(new Set(keys.map(({ publishedAt }) => publishedAt)).size).toBe(1);
});

it('one whose standby cannot be made leaves nothing on either token', async () => {
  const { failing, keyRing, registry, objects } = await open();
  const before = await objects();
  await expect(failing('generate').create(definition('mail'), ACTOR)).rejects.toMatchObject({
    code: 'hsm_unavailable',
  });
  expect([keyRing.scope('mail'), await objects()]).toEqual([undefined, before]);
  expect(await registry.unfinishedScopes()).toEqual([]);
});

it('what could not be undone waits for the token, and is undone before the next attempt', async () => {
  const { failing, provisioner, registry, objects } = await open();
  const before = await objects();
  await expect(failing('generate', 'discard').create(definition('orders'), ACTOR)).rejects.toMatchObject({
    code: 'hsm_unavailable',
  });
  const [left] = await registry.unfinishedScopes();
  expect(left?.keys.map(({ hsmToken }) => hsmToken).sort()).toEqual(['primary', SECOND_TOKEN]);
  await provisioner.create(definition('orders'), ACTOR);
  expect(await objects()).toBe(before + 4);
  expect(await registry.unfinishedScopes()).toEqual([]);
});

it('what was cut short is undone by itself once nobody is at it any more', async () => {
  const { failing, rollingBack, registry, objects } = await open();
  const before = await objects();
  await expect(failing('generate', 'discard').create(definition('bills'), ACTOR)).rejects.toMatchObject({
    code: 'hsm_unavailable',
  });
  const { state, leadership } = switchedLeadership(true);
  const asked: UnfinishedWork[] = [];
  state.isAbandoned = (work) => asked.push(work) > 1;
  const rollBack = rollingBack(leadership);
  expect([await rollBack(), await registry.unfinishedScopes()]).toMatchObject([[], [{ scopeId: 'bills' }]]);
  expect([await rollBack(), await registry.unfinishedScopes()]).toEqual([['bills'], []]);
  expect(await objects()).toBe(before);
  expect(asked[0]).toEqual({ kind: 'scope', id: 'bills', since: 1_767_225_600 });
  expect(await rollBack()).toEqual([]);
});

it('scopes with the same two tokens in either order are made at the same time', async () => {
  const { provisioner, keyRing } = await open();
  const ids = ['a', 'b', 'c', 'd'];
  await Promise.all(
    ids.map((id, at) => {
      const turned = { hsmToken: SECOND_TOKEN, standbyToken: 'primary' };
      return provisioner.create({ ...definition(id), ...(at % 2 > 0 ? turned : {}) }, ACTOR);
    }),
  );
  expect(ids.map((id) => keyRing.activeKey(id)?.hsmToken)).toEqual([
    'primary',
    SECOND_TOKEN,
    'primary',
    SECOND_TOKEN,
  ]);
});
