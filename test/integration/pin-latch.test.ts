import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type RunningService, startService } from '../support/running-service.ts';

const DEADLINE_MS = 60_000;

let service: RunningService;
let credential: string;

beforeAll(async () => {
  service = await startService({ twoPersons: true });
  credential = (await service.provision({ id: 'payments' })).sign;
}, DEADLINE_MS);

afterAll(() => service.remove());

const issue = () =>
  service.data('POST', '/v1/scopes/payments/tokens', credential, { claims: { sub: 'alice' } });
const asBob = (method: string, path: string) =>
  service.operations(method, `/v1/admin${path}`, undefined, service.approver);

it(
  'a latch is cleared by two persons while the HSM can sign nothing, and the token opens at once',
  async () => {
    const { pinFile, latchFile } = service.hsm.settings;
    const pin = readFileSync(pinFile, 'utf8');
    await service.stop();
    writeFileSync(pinFile, '0000wrong\n');
    service = await service.restart();
    await service.logged(({ msg }) => msg === 'signer stopped: an operator has to look');
    expect((await issue()).body.code).toBe('pin_latched');

    const asked = await service.operations('POST', '/v1/admin/hsm/primary/clear-latch');
    expect(asked.status).toBe(202);
    expect(asked.body.proposal).toMatchObject({
      act: 'hsm.clear_pin_latch',
      subject: 'hsm:primary',
      approvers: ['bob'],
      changes: [{ member: 'state', from: 'rejected', to: 'clear' }],
    });
    const approve = `/proposals/${asked.body.proposal.id}/approve`;
    const own = await service.operations('POST', `/v1/admin${approve}`);
    expect([own.status, own.body.code]).toEqual([403, 'self_approval']);
    expect(JSON.parse(readFileSync(latchFile, 'utf8')).state).toBe('rejected');

    writeFileSync(pinFile, pin);
    const { status, body } = await asBob('POST', approve);
    expect([status, body.result]).toEqual([200, { token: 'primary', open: true }]);
    expect((await issue()).status).toBe(201);
    const { events } = (await asBob('GET', '/audit?limit=1000')).body;
    const cleared = events.find(({ type }: { type: string }) => type === 'hsm.pin_latch_cleared');
    expect(cleared).toMatchObject({
      actor: 'alice',
      subject: 'hsm:primary',
      details: { was: 'rejected', approved_by: 'bob' },
    });
  },
  DEADLINE_MS,
);

it('what is not latched needs nobody’s approval, and what does not exist is said so', async () => {
  const answer = await service.operations('POST', '/v1/admin/hsm/primary/clear-latch');
  expect([answer.status, answer.body]).toEqual([200, { token: 'primary', open: true }]);
  const nowhere = await service.operations('POST', '/v1/admin/hsm/elsewhere/clear-latch');
  expect([nowhere.status, nowhere.body.code]).toEqual([422, 'unknown_hsm_token']);
});
