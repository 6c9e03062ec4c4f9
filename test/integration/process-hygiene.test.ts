import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NODE_FLAGS } from '../../src/lib/node-flags.ts';
import { type RunningService, startService } from '../support/running-service.ts';

let service: RunningService;
let credentials: { sign: string; verify: string };
beforeAll(async () => {
  service = await startService({ config: { log: { level: 'debug' } } });
  credentials = await service.provision({ id: 'payments' });
});
afterAll(() => service.remove());

const proc = (pid: number | undefined, file: string) => readFileSync(`/proc/${pid}/${file}`, 'utf8');
const processes = () => [
  ['front', service.process.pid],
  ['signer', service.signerPid()],
];

describe('I8 No secret in the front', () => {
  it('keeps the memory of both processes out of core dumps', () => {
    for (const [name, pid] of processes()) {
      const filter = proc(Number(pid), 'coredump_filter').trim();
      const limit = proc(Number(pid), 'limits').match(/^Max core file size +(\S+) +(\S+)/m);
      expect([name, filter, limit?.[1], limit?.[2]]).toStrictEqual([name, '00000000', '0', '0']);
    }
  });

  it('runs both with SIGUSR1 disarmed, and the signer with an environment of its own', () => {
    for (const [, pid] of processes()) expect(proc(Number(pid), 'cmdline')).toContain(NODE_FLAGS.join('\0'));
    const names = proc(service.signerPid(), 'environ')
      .split('\0')
      .filter(Boolean)
      .map((line) => line.split('=')[0]);
    expect(names).toContain('SOFTHSM2_CONF');
    expect(names).not.toContain('PATH');
  });

  it('loads the HSM module in the signer alone', () => {
    expect(proc(service.process.pid, 'maps')).not.toMatch(/softhsm|pkcs11/);
    expect(proc(service.signerPid(), 'maps')).toMatch(/softhsm/);
  });

  it('shows PIN and credentials nowhere: arguments, environments, log, metrics, database', async () => {
    const path = '/v1/scopes/payments/tokens';
    const { body: issued } = await service.data('POST', path, credentials.sign, { claims: { sub: 'alice' } });
    await service.data('POST', path, `${credentials.sign.slice(0, -1)}x`, { claims: { sub: 'alice' } });
    await service.data('POST', '/v1/scopes/payments/verify', credentials.verify, {
      token: `${issued.token}x`,
    });
    const { body: metrics } = await service.operations('GET', '/metrics');
    const places = [
      ...processes().flatMap(([, pid]) => [proc(Number(pid), 'cmdline'), proc(Number(pid), 'environ')]),
      JSON.stringify(service.log),
      metrics,
      ...['keyward.db', 'keyward.db-wal', 'config.yaml', 'pin-latch.json'].map((name) =>
        readFileSync(`${service.hsm.folder}/${name}`, 'latin1'),
      ),
    ];
    const signature = issued.token.split('.')[2];
    for (const secret of [
      service.hsm.pin,
      service.operator,
      credentials.sign,
      credentials.verify,
      signature,
    ]) {
      expect(places.filter((text) => text.includes(secret))).toStrictEqual([]);
    }
    expect(places.some((text) => text.includes(issued.jti))).toBe(true);
  });
});

describe('SIGTERM under way', () => {
  it('ends with 0, and the next start signs with the same keys', async () => {
    const before = (await service.data('GET', '/scopes/payments/jwks.json')).body;
    expect(await service.stop()).toBe(0);
    service = await service.restart();
    expect((await service.data('GET', '/scopes/payments/jwks.json')).body).toStrictEqual(before);
    const path = '/v1/scopes/payments/tokens';
    const { status } = await service.data('POST', path, credentials.sign, { claims: { sub: 'alice' } });
    expect(status).toBe(201);
  });
});
