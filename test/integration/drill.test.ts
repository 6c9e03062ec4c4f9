import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type RunningService, startService } from '../support/running-service.ts';
import { COMMAND_LINE } from '../support/service-program.ts';

let service: RunningService;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.remove());

async function drill(...argv: string[]) {
  writeFileSync(
    join(service.hsm.folder, 'drilling'),
    `${service.operator}\norigin ${service.operationsUrl}\n`,
    { mode: 0o600 },
  );
  const where = ['--url', service.operationsUrl, '--credential-file', join(service.hsm.folder, 'drilling')];
  const child = spawn(process.execPath, [COMMAND_LINE, 'drill', ...argv, ...where, '--json'], {
    stdio: 'pipe',
  });
  const said = { out: '', err: '' };
  child.stdout.on('data', (chunk: Buffer) => {
    said.out += chunk;
  });
  child.stderr.on('data', (chunk: Buffer) => {
    said.err += chunk;
  });
  const [code] = await once(child, 'close');
  return { code, err: said.err, body: said.out === '' ? undefined : JSON.parse(said.out) };
}

const STEPS = [
  'the call is answered',
  'nothing of the key is accepted',
  'the standby signs',
  'there is a new standby',
  'the private half is gone from the HSM',
];

it('compromises a real key of a scope made for it, sees all that follows, and writes it down', async () => {
  const report = join(service.hsm.folder, 'drill-2026-11.json');
  const { code, err, body } = await drill('compromise', '--out', report);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(JSON.parse(readFileSync(report, 'utf8'))).toEqual(body.drill);
  expect(body.drill).toMatchObject({ drill: 'compromise', scope: 'drill', passed: true });
  const names = (body.drill.steps as { name: string }[]).map(({ name }) => name);
  expect(names.toSorted()).toEqual(STEPS.toSorted());
  const { keys } = (await service.operations('GET', '/v1/admin/keys?scope=drill')).body;
  const states = (keys as { state: string }[]).map(({ state }) => state);
  expect(states.toSorted()).toEqual(['active', 'compromised', 'pre_activation']);
  expect((await drill('compromise')).code).toBe(0);
  const again = await drill('compromise', '--out', report);
  expect([again.code, again.err]).toEqual([2, expect.stringContaining('exists; it is not overwritten')]);
});

it('touches no key of a scope that serves somebody', async () => {
  await service.provision({ id: 'payments' });
  const { code, err } = await drill('compromise', '--scope', 'payments');
  expect(code).toBe(2);
  expect(err).toContain('payments is a scope of https://login.example');
  const { keys } = (await service.operations('GET', '/v1/admin/keys?scope=payments')).body;
  const states = (keys as { state: string }[]).map(({ state }) => state);
  expect(states.toSorted()).toEqual(['active', 'pre_activation']);
});

it('lists rehearsals with their dates, after a restart too, and says when the next are due', async () => {
  const rehearsed = { drill: 'rotation', passed: true, steps: [{ name: 'on staging', took_ms: 5 }] };
  expect((await service.operations('POST', '/v1/admin/drills', rehearsed)).status).toBe(201);
  service = await service.restart();
  const { body } = await drill('list');
  expect((body.drills as { drill: string }[]).map(({ drill: name }) => name)).toEqual([
    'rotation',
    'compromise',
    'compromise',
  ]);
  // A rotation may be written down, and is never due: nothing of Keyward rehearses it.
  expect((body.standings as { drill: string }[]).map(({ drill: name }) => name)).toEqual(['compromise']);
  for (const { drill: name, last_passed_at, overdue_at } of body.standings) {
    const [last] = (body.drills as { drill: string; performed_at: number }[]).filter(
      (one) => one.drill === name,
    );
    expect(Math.abs(last_passed_at - (last?.performed_at ?? 0))).toBeLessThanOrEqual(1);
    expect(overdue_at).toBe(last_passed_at + 90 * 86_400);
  }
  const { events } = (await service.operations('GET', '/v1/admin/audit')).body;
  const audited = (events as { type: string }[]).filter(({ type }) => type === 'drill.performed');
  expect(audited).toHaveLength(3);
});

it('takes no word of a drill that does not exist', async () => {
  const { status, body } = await service.operations('POST', '/v1/admin/drills', {
    drill: 'fire',
    passed: true,
    steps: [],
  });
  expect([status, body.code]).toEqual([422, 'invalid_request']);
});
