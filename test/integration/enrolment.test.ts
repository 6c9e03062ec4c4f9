import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { keyward } from '../support/command-line.ts';
import { type RunningService, startService } from '../support/running-service.ts';

const DEADLINE_MS = 60_000;

let service: RunningService;

beforeAll(async () => {
  service = await startService({ twoPersons: true });
}, DEADLINE_MS);

afterAll(() => service.remove());

const init = (...argv: string[]) => keyward(['init', '--config', service.configFile, ...argv]);

it('two operators are enrolled into two files of their own, each a credential of one of them', async () => {
  const [alice, bob] = ['operator', 'approver'].map((name) => join(service.hsm.folder, name));
  const texts = [alice, bob].map((file) => readFileSync(file ?? '', 'utf8').trim());
  expect(
    texts.map((text) => /^kw_ops_[0-9A-Za-z]{36}\norigin http:\/\/127\.0\.0\.1:\d+$/.test(text)),
  ).toEqual([true, true]);
  expect(texts[0]).not.toBe(texts[1]);
  expect([alice, bob].map((file) => statSync(file ?? '').mode & 0o777)).toEqual([0o600, 0o600]);
  const { operators } = (await service.operations('GET', '/v1/admin/operators')).body;
  expect(operators.map(({ id }: { id: string }) => id)).toEqual(['alice', 'bob']);
});

it(
  'others are enrolled on the host only where fewer than two could decide, and the trail tells of it',
  async () => {
    const more = (id: string) => ['--operator', `${id}=${join(service.hsm.folder, `${id}.credential`)}`];
    await service.stop();
    const early = await init(...more('carol'), ...more('dan'));
    expect([early.exitCode, early.err]).toEqual([1, expect.stringContaining('[operator_exists]')]);

    service = await service.restart();
    expect((await service.operations('POST', '/v1/admin/operators/bob/revoke')).status).toBe(200);
    await service.stop();
    const taken = await init(...more('carol'));
    expect([taken.exitCode, taken.err]).toEqual([0, '']);

    service = await service.restart();
    const credential = readFileSync(join(service.hsm.folder, 'carol.credential'), 'utf8')
      .split('\n', 1)
      .join('');
    const asked = await service.operations('POST', '/v1/admin/operators/alice/roles', {
      roles: ['operator', 'approver'],
    });
    expect(asked.status).toBe(200);
    const { events } = (await service.operations('GET', '/v1/admin/audit?limit=1000', undefined, credential))
      .body;
    const enrolled = events.filter(({ type }: { type: string }) => type === 'operator.created');
    expect(enrolled.map(({ actor, subject }: Record<string, string>) => [actor, subject])).toEqual([
      ['keyward', 'operator:alice'],
      ['keyward', 'operator:bob'],
      ['keyward', 'operator:carol'],
    ]);
  },
  DEADLINE_MS,
);

it('two operators are written with a file each', async () => {
  const nameless = await init('--operator', 'eve', '--operator', 'mallory');
  expect([nameless.exitCode, nameless.err]).toEqual([
    2,
    expect.stringContaining('name the file too: --operator eve=FILE'),
  ]);
});
