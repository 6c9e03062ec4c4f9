import { expect, it } from 'vitest';
import { dataPlane, operationsPlane } from '../../support/on-loopback.ts';

it.each([
  ['tokens', { claims: {} }],
  ['tokens/batch', { requests: [{ claims: {} }] }],
  ['verify', { token: 'a.b.c' }],
  ['introspect', { token: 'a.b.c' }],
])('POST …/%s refuses an Idempotency-Key, and answers without one', async (path, body) => {
  const http = await dataPlane();
  const ask = () => {
    const asked = http.post(`/v1/scopes/payments/${path}`);
    asked.set('Authorization', path.startsWith('tokens') ? 'Bearer signs' : 'Bearer verifies');
    return path === 'introspect' ? asked.type('form') : asked;
  };
  const refused = await ask().set('Idempotency-Key', '8e03978e-40d5-43dd-bc93-6894a57f9324').send(body);
  expect(refused.status).toBe(400);
  if (path === 'introspect') expect(refused.body.error).toBe('invalid_request');
  else
    expect(refused.body).toMatchObject({
      code: 'idempotency_unsupported',
      detail: expect.stringContaining('leave out Idempotency-Key'),
    });
  expect((await ask().send(body)).status).toBeLessThan(300);
});

it('operators are refused alike, and whoever only reads is not', async () => {
  const http = await operationsPlane();
  const refused = await http
    .post('/v1/admin/scopes')
    .set('Authorization', 'Bearer operates')
    .set('Idempotency-Key', 'x')
    .send({});
  expect([refused.status, refused.body.code]).toEqual([400, 'idempotency_unsupported']);
  expect((await http.get('/healthz').set('Idempotency-Key', 'x')).status).toBe(200);
});
