import { expect, it } from 'vitest';
import { createRotationPauses } from '../../../src/keys/change-scope.ts';
import { createKeyRing } from '../../../src/keys/key-ring.ts';
import { operationsPlane } from '../../support/on-loopback.ts';
import { NOW, PAYMENTS, PAYMENTS_ANSWER } from '../../support/payments.ts';

const PATH = '/v1/admin/scopes/payments/rotation-pause';
const PAUSE = { until: NOW + 86_400, reason: 'the HSM moves' };

async function plane(changes: { readonly twoPersons?: boolean } = {}) {
  const keyRing = createKeyRing();
  keyRing.put({ scopes: [PAYMENTS], keys: [] });
  const pauses = createRotationPauses({
    registry: {
      setRotationPause: async (_, rotationPause) =>
        keyRing.put({ scopes: [{ ...PAYMENTS, rotationPause }], keys: [] }),
    },
    keyRing,
    clock: { nowSeconds: () => NOW },
  });
  const http = await operationsPlane({ keyRing, pauses, ...changes });
  const as = (who: string) => ({
    pause: (body: object) => http.post(PATH).set('Authorization', `Bearer ${who}`).send(body),
    resume: () => http.delete(PATH).set('Authorization', `Bearer ${who}`).send(),
    approve: (id: string) =>
      http.post(`/v1/admin/proposals/${id}/approve`).set('Authorization', `Bearer ${who}`).send(),
  });
  return { as, pauseOf: () => keyRing.scope('payments')?.rotationPause };
}

it('pauses once another operator has approved, and one alone ends it', async () => {
  const { as, pauseOf } = await plane({ twoPersons: true });
  const proposed = await as('operates').pause(PAUSE);
  expect(proposed.status).toBe(202);
  expect(proposed.body.proposal).toMatchObject({ act: 'rotation.pause', subject: 'scope:payments' });
  expect(pauseOf()).toBeNull();
  const approved = await as('does both').approve(proposed.body.proposal.id);
  expect(approved.status).toBe(200);
  expect(pauseOf()).toEqual(PAUSE);
  const resumed = await as('operates').resume();
  expect(resumed).toMatchObject({ status: 200, body: { scope: PAYMENTS_ANSWER } });
  expect(pauseOf()).toBeNull();
});

it('shows the pause with the scope', async () => {
  const { as } = await plane();
  const { status, body } = await as('operates').pause(PAUSE);
  expect({ status, body }).toEqual({
    status: 200,
    body: { scope: { ...PAYMENTS_ANSWER, rotation_pause: PAUSE } },
  });
});

it.each([
  [{ ...PAUSE, until: NOW }, 'until: use a time within the next 90 days'],
  [{ ...PAUSE, until: NOW + 90 * 86_400 + 1 }, 'until: use a time within the next 90 days'],
  [{ ...PAUSE, reason: ' ' }, 'reason: say why, in at most 500 printable characters'],
  [{ ...PAUSE, reason: 'x'.repeat(501) }, 'reason: say why, in at most 500 printable characters'],
])('refuses %j before anybody is asked to approve it', async (pause, detail) => {
  const { as, pauseOf } = await plane({ twoPersons: true });
  const { status, body } = await as('operates').pause(pause);
  expect({ status, code: body.code, detail: body.detail }).toEqual({
    status: 422,
    code: 'invalid_rotation_pause',
    detail,
  });
  expect(pauseOf()).toBeNull();
});

it.each([
  [{ ...PAUSE, until: NOW + 1 }],
  [{ ...PAUSE, until: NOW + 90 * 86_400 }],
  [{ ...PAUSE, reason: 'x'.repeat(500) }],
])('takes what is just within the bounds', async (pause) => {
  const { as } = await plane();
  expect((await as('operates').pause(pause)).status).toBe(200);
});

it('ends no pause of a scope that is not there', async () => {
  const http = await operationsPlane();
  const { status, body } = await http
    .delete('/v1/admin/scopes/ghost/rotation-pause')
    .set('Authorization', 'Bearer operates')
    .send();
  expect([status, body.code]).toEqual([404, 'unknown_scope']);
});
