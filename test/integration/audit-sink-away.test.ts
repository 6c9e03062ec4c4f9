import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { verifyAudit } from '../../src/audit-verify/index.ts';
import { type RunningService, startService } from '../support/running-service.ts';

const DEADLINE_MS = 120_000;
vi.setConfig({ testTimeout: DEADLINE_MS });
let service: RunningService;
const sink = () => join(service.hsm.folder, 'audit.jsonl');
const create = (id: string) => service.operations('POST', '/v1/admin/clients', { id, description: '' });

const PATIENCE = { timeout: 60_000, interval: 500 };
const changes = async (): Promise<Record<string, unknown>[]> => {
  const { body } = await service.operations('GET', '/v1/admin/events?type=audit.sink_changed&limit=100');
  return body.events.map(({ evidence }: { evidence: Record<string, unknown> }) => evidence);
};

beforeAll(async () => {
  service = await startService();
}, DEADLINE_MS);

afterAll(() => service.remove());

it('refuses what weakens while the sink is away, restricts all the same, and catches up afterwards', async () => {
  expect((await create('web')).status).toBe(201);

  rmSync(sink());
  mkdirSync(sink());
  const refused = await create('app');
  expect([refused.status, refused.body.code]).toEqual([503, 'audit_sink_unavailable']);
  expect(refused.headers.get('retry-after')).toBe('5');
  expect((await service.operations('POST', '/v1/admin/clients/web/revoke')).status).toBe(200);
  const metrics = await service.operations('GET', '/metrics');
  expect(metrics.body).toContain(`keyward_audit_sink_up{sink="file:${sink()}"} 0`);

  rmSync(sink(), { recursive: true });
  await service.logged(({ msg }) => msg === 'audit sink works again');
  expect((await create('app')).status).toBe(201);
  await service.stop();
  const told = readFileSync(sink(), 'utf8');
  expect(told).toContain('"type":"client.revoked"');
  expect(told).toContain('"subject":"client:app"');
});

it.each([
  ['deleted', () => rmSync(sink()), 'was deleted or moved away'],
  ['emptied', () => truncateSync(sink()), 'was cut short'],
])('raises an event when the file is %s, and writes the whole trail again', async (state, act, why) => {
  service = await service.restart();
  // The sink takes it, so it is open in this run.
  expect((await create(`before-${state}`)).status).toBe(201);
  const [first] = readFileSync(sink(), 'utf8').split('\n', 2).slice(-1);
  act();
  await expect
    .poll(changes, PATIENCE)
    .toContainEqual(
      expect.objectContaining({ change: 'lost', why: `${sink()} ${why}`, lost: expect.any(Number) }),
    );
  await expect.poll(() => readFileSync(sink(), 'utf8'), { timeout: 60_000, interval: 200 }).toContain(first);
  expect((await create(`after-${state}`)).status).toBe(201);
});

it('takes a rotation for news, and a sink that was emptied between two starts for a loss', async () => {
  renameSync(sink(), `${sink()}.1`);
  const rotated = { change: 'rotated', why: `${sink()} was rotated to audit.jsonl.1`, lost: 0 };
  await expect.poll(changes, PATIENCE).toContainEqual(expect.objectContaining(rotated));
  expect((await create('after-rotation')).status).toBe(201);
  await service.stop();
  expect(readFileSync(sink(), 'utf8')).toMatch(/^\{"intent"|^\{"audit_key"/);
  const { configFile } = service;
  expect((await verifyAudit({ configFile, file: sink(), saved: [sink()] })).findings).toEqual([]);
  expect((await verifyAudit({ configFile, saved: [] })).findings).toEqual([]);

  service = await service.restart();
  const before = (await changes()).length;
  await service.stop();
  for (const file of [sink(), `${sink()}.1`]) rmSync(file);
  service = await service.restart();
  const why = 'when the service started, the sink lacked what it had confirmed';
  await expect.poll(changes, PATIENCE).toContainEqual(expect.objectContaining({ change: 'lost', why }));
  expect(await changes()).toHaveLength(before + 1);
  await service.stop();
  expect((await verifyAudit({ configFile, file: sink(), saved: [] })).findings).toEqual([]);
  service = await service.restart();
});

it('takes no forged last line for its place: the sink gets the whole trail again', async () => {
  expect((await create('before-forgery')).status).toBe(201);
  const forged = { sequence: Number.MAX_SAFE_INTEGER, time: 1, type: 'x', actor: '', subject: '', hash: '' };
  const line = JSON.stringify({ event: { ...forged, request_id: null, trace_id: null, details: {} } });
  writeFileSync(`${sink()}.other`, `${line}\n`);
  renameSync(`${sink()}.other`, sink());
  const why = `${sink()} was replaced`;
  await expect.poll(changes, PATIENCE).toContainEqual(expect.objectContaining({ change: 'lost', why }));
  const lost = (await changes()).find((change) => change.why === why)?.lost;
  expect(lost).toBeGreaterThan(5);
  expect((await create('after-forgery')).status).toBe(201);
  await service.stop();
  const told = readFileSync(sink(), 'utf8');
  for (const subject of ['before-forgery', 'after-forgery']) {
    expect(told).toContain(`"type":"client.created","actor":"operator","subject":"client:${subject}"`);
  }
  const { configFile } = service;
  expect((await verifyAudit({ configFile, saved: [] })).findings).toContainEqual(
    expect.objectContaining({ part: 'file', fault: 'gap' }),
  );
  rmSync(sink());
  service = await service.restart();
  await expect.poll(() => existsSync(sink()), PATIENCE).toBe(true);
});

it('starts and issues with a sink that cannot be read, and says so', async () => {
  chmodSync(sink(), 0o000);
  service = await service.restart();
  const isRoot = process.geteuid?.() === 0;
  const lines = service.log.filter(({ msg }) => String(msg).startsWith('audit sink cannot be read'));
  expect(lines).toHaveLength(isRoot ? 0 : 1);
  expect((await service.data('GET', '/readyz')).status).toBe(200);
});
