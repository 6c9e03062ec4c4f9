import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type RunningService, startService } from '../support/running-service.ts';

const DEADLINE_MS = 120_000;
let service: RunningService;

beforeAll(async () => {
  service = await startService();
}, DEADLINE_MS);
afterAll(() => service.remove());

const allow = (soft: number) =>
  execFileSync('prlimit', ['--pid', String(service.process.pid), `--nofile=${soft}:`]);

it(
  'a service without file descriptors says so in its log and by an event, and goes on once it has some',
  async () => {
    const { sign } = await service.provision({ id: 'payments' });
    allow(8);
    await service.logged(({ msg }) => msg === 'file descriptors run short');
    allow(4_096);
    await service.logged(({ msg }) => msg === 'there are file descriptors again');
    const told = async () =>
      (await service.operations('GET', '/v1/admin/events?type=service.file_descriptors')).body.events;
    const event = {
      severity: 'critical',
      subject: 'service',
      evidence: { why: expect.stringMatching(/file descriptor/) },
    };
    await expect.poll(told, { timeout: 60_000, interval: 100 }).toMatchObject([event]);
    expect(service.log.filter(({ msg }) => msg === 'file descriptors run short')).toHaveLength(1);
    const issued = await service.data('POST', '/v1/scopes/payments/tokens', sign, {
      claims: { sub: 'alice' },
    });
    expect(issued.status).toBe(201);
  },
  DEADLINE_MS,
);
