import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { parse } from 'yaml';

const FOLDER = fileURLToPath(new URL('../../../deploy/postgresql/', import.meta.url));
const read = (name: string) => parse(readFileSync(`${FOLDER}${name}`, 'utf8'), { merge: true });

it('CloudNativePG waits for a standby also when none is there, and promotes none that may lack something', () => {
  const { spec } = read('cloudnative-pg.yaml');
  expect(spec.postgresql.synchronous).toEqual({
    method: 'any',
    number: 1,
    dataDurability: 'required',
    failoverQuorum: true,
  });
  expect(spec.postgresql.parameters.synchronous_commit).toBe('on');
  expect(spec.managed.roles[0].inRoles).toEqual(['pg_monitor']);
});

it('Patroni never stops waiting by itself', () => {
  expect(read('patroni.yaml')).toMatchObject({
    synchronous_mode: 'quorum',
    synchronous_mode_strict: true,
    maximum_lag_on_failover: 0,
  });
});

it('three nodes on one machine: the first waits for one of those that name themselves so', () => {
  const { services } = read('docker-compose.yml');
  const [, names = ''] = /ANY 1 \((.*)\)/.exec(services.one.command.join(' ')) ?? [];
  const standbys = [services.two, services.three].map(({ environment }) => environment.STANDBY_NAME);
  expect(names.split(', ')).toEqual(standbys);
  for (const { image, entrypoint } of [services.two, services.three]) {
    expect([image, entrypoint.slice(0, 2)]).toEqual([services.one.image, ['bash', '/keyward/standby.sh']]);
  }
});
