import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningService, startService } from '../support/running-service.ts';

let service: RunningService;

beforeAll(async () => {
  service = await startService();
}, 60_000);

afterAll(() => service.remove());

describe('a service set up by keyward init', () => {
  it('signs what it provisions, and starts again on it', async () => {
    const { sign } = await service.provision({ id: 'payments' });
    service = await service.restart();
    const answer = await service.data('POST', '/v1/scopes/payments/tokens', sign, { claims: { sub: 'alice' } });
    expect(answer.status).toBe(201);
    expect(service.log.filter(({ event }) => event === 'registry.signature_invalid')).toEqual([]);
  });
});
