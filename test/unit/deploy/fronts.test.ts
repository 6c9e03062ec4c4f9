import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { API_ROUTES } from '../../../src/api/routes.ts';
import { loadConfig } from '../../../src/config.ts';
import { isFile } from '../../../src/db/database-settings.ts';
import { readConnectionString } from '../../../src/db/postgres/connection-string.ts';
import { ISSUANCE_ROUTES } from '../../../src/issuance/index.ts';
import { folderOfTest } from '../../support/folder-of-test.ts';

const read = (file: string) => readFileSync(new URL(`../../../deploy/${file}`, import.meta.url), 'utf8');
const text = read('fronts/docker-compose.yml');
const compose = parse(text, { merge: true });
const nodes = parse(read('postgresql/docker-compose.yml'), { merge: true });
const { listeners, clusters } = parse(read('fronts/envoy.yaml')).static_resources;
const FRONTS = ['keyward-a', 'keyward-b'];
const [a, b] = FRONTS.map((name) => compose.services[name]);

function loaded() {
  const folder = join(folderOfTest(), 'etc/keyward');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'config.yaml'), read('fronts/config.yaml'));
  return { folder, config: loadConfig(join(folder, 'config.yaml'), {}) };
}

/** Source by target. */
const mountsOf = ({ volumes }: { volumes: readonly string[] }): Readonly<Record<string, string>> =>
  Object.fromEntries(volumes.map((volume) => volume.split(':', 2).reverse()));

/** Where a path in the container comes from: the nearest mount above it. */
function sourceOf(service: { volumes: readonly string[] }, path: string): string | undefined {
  const mounts = Object.entries(mountsOf(service));
  const above = mounts.filter(([target]) => path === target || path.startsWith(`${target}/`));
  return above.toSorted(([one], [other]) => other.length - one.length)[0]?.[1];
}

it('the fronts differ by address and volume, and by nothing else', () => {
  const common = ({ networks, volumes, ...rest }: typeof a) => ({
    ...rest,
    networks: Object.keys(networks),
    volumes: volumes.filter((volume: string) => !/^[ab]:/.test(volume)),
  });
  expect(common(b)).toEqual(common(a));
  expect([a, b].map((service) => mountsOf(service)['/var/lib/keyward'])).toEqual(['a', 'b']);
  const addresses = [a, b].map(({ networks }) => networks.fronts.ipv4_address);
  expect(new Set(addresses).size).toBe(2);
});

it('what is a front’s own lies on its volume, and the archive on the shared one', () => {
  const { config, folder } = loaded();
  const { hsm, ledger, audit, data_plane, operations_plane, file, ...rest } = config;
  const own = [hsm.latch_file, hsm.state_dir, `${ledger.archive_dir}.end`];
  for (const sink of audit.sinks) if (sink.type === 'file') own.push(sink.file);
  for (const path of own)
    expect([a, b].map((service) => sourceOf(service, String(path)))).toEqual(['a', 'b']);
  for (const service of [a, b, compose.services.init])
    expect(sourceOf(service, ledger.archive_dir)).toBe('archive');
  expect(JSON.stringify([rest, hsm, ledger, audit, data_plane, operations_plane])).not.toContain(folder);
  expect(a.environment.KEYWARD_CONFIG).toBe('/etc/keyward/config.yaml');
  for (const service of [a, b])
    expect(sourceOf(service, file.replace(folder, '/etc/keyward'))).toBe('./config.yaml');
});

it('is initialised once, on the volume of the first front, where it may write the configuration', () => {
  const { init } = compose.services;
  expect(init.profiles).toEqual(['once']);
  expect([sourceOf(init, '/var/lib/keyward/x'), sourceOf(init, '/etc/keyward/config.yaml')]).toEqual([
    'a',
    '.',
  ]);
  expect(init.command.filter((word: string) => word === '--operator')).toHaveLength(2);
});

it('has all secrets in files', () => {
  const { config } = loaded();
  const { database, hsm } = config;
  if (isFile(database)) throw new Error('it is on a file');
  expect(a.secrets.map((name: string) => `/run/secrets/${name}`).sort()).toEqual(
    [database.url_file, String(hsm.pin_file)].sort(),
  );
  for (const { secrets = [] } of Object.values<{ secrets?: string[] }>(compose.services))
    for (const name of secrets) expect(compose.secrets[name].file).toBe(`./secrets/${name}`);
  for (const name of ['keyward', 'replication']) expect(text).toContain(`secrets/${name}`);
});

it('reaches the first node of the database, and waits for what that waits for', () => {
  const { database } = loaded().config;
  expect(compose.include).toEqual(['../postgresql/docker-compose.yml']);
  const [, shown = ''] = /printf '(postgres:[^']*)'/.exec(text) ?? [];
  const { host, user, database: name } = readConnectionString(shown.replace('%s', 'password'));
  expect([host, user, name]).toEqual(['one', 'keyward', 'keyward']);
  expect(nodes.services[host].command.join(' ')).toContain('ANY 1 (two, three)');
  expect(database).toMatchObject({ durability: 'replicated', copies: 1 });
  expect(a.depends_on[host]).toEqual({ condition: 'service_healthy' });
});

it('gives more time to stop than a drain takes', () => {
  expect(Number.parseInt(a.stop_grace_period, 10)).toBeGreaterThan(loaded().config.limits.drain_seconds);
});

interface Route {
  readonly match: { prefix?: string; path?: string; safe_regex?: { regex: string } };
  readonly route?: { cluster: string; timeout: string };
  readonly direct_response?: { status: number };
}

const filterOf = (listener: string) =>
  listeners.find(({ name }: { name: string }) => name === listener).filter_chains[0].filters[0].typed_config;
const hostOf = (listener: string) => filterOf(listener).route_config.virtual_hosts[0];

/** The first one that fits, as Envoy takes it. */
function routeOf(listener: string, path: string): Route | undefined {
  return hostOf(listener).routes.find(({ match }: Route) => {
    if (match.safe_regex) return new RegExp(`^(?:${match.safe_regex.regex})$`).test(path);
    return match.path === path || (match.prefix !== undefined && path.startsWith(match.prefix));
  });
}

const tried = (path: string) => path.replaceAll(/[:{](\w+)\}?/g, 'some');
const pathsOf = (routes: readonly { path: string }[]) => routes.map(({ path }) => tried(path));

it('sends what signs where the HSM signs, and all else where tokens can be verified', () => {
  const signing = new Set(pathsOf(ISSUANCE_ROUTES.data));
  expect(signing.size).toBeGreaterThanOrEqual(3);
  for (const path of pathsOf(API_ROUTES.data))
    expect([path, routeOf('data', path)?.route?.cluster]).toEqual([
      path,
      signing.has(path) ? 'sign' : 'verify',
    ]);
  for (const path of pathsOf(API_ROUTES.operations))
    if (path !== '/metrics')
      expect([path, routeOf('operations', path)?.route?.cluster]).toEqual([path, 'operations']);
  expect(routeOf('operations', '/metrics')?.direct_response).toEqual({ status: 404 });
});

it('ends no event stream', () => {
  const endless = (['data', 'operations'] as const).flatMap((plane) =>
    pathsOf(API_ROUTES[plane]).filter((path) => routeOf(plane, path)?.route?.timeout === '0s'),
  );
  expect([...new Set(endless)].sort()).toEqual(['/v1/admin/events/stream', '/v1/scopes/some/events']);
});

it('asks each front what it is ready for, and sends nothing twice', () => {
  const { data_plane, operations_plane, limits: _ } = loaded().config;
  const asked = clusters.map(({ name, health_checks: [check], load_assignment }: (typeof clusters)[0]) => {
    const endpoints = load_assignment.endpoints.flatMap(
      ({ lb_endpoints }: { lb_endpoints: { endpoint: { address: { socket_address: object } } }[] }) =>
        lb_endpoints.map(({ endpoint }) => endpoint.address.socket_address),
    );
    return [name, check.http_health_check.path, endpoints];
  });
  const at = (port_value: number) => FRONTS.map((address) => ({ address, port_value }));
  expect(asked).toEqual([
    ['sign', '/readyz/sign', at(data_plane.port)],
    ['verify', '/readyz/verify', at(data_plane.port)],
    ['operations', '/healthz', at(operations_plane.port)],
  ]);
  for (const listener of ['data', 'operations']) {
    expect(hostOf(listener).retry_policy).toMatchObject({ retry_on: 'connect-failure', num_retries: 1 });
    expect(filterOf(listener).forward_client_cert_details).toBe('SANITIZE');
  }
});

it('ends TLS at the proxy, which alone the fronts believe', () => {
  const { proxy } = compose.services;
  const { data_plane, operations_plane } = loaded().config;
  const address = proxy.networks.fronts.ipv4_address;
  for (const plane of [data_plane, operations_plane]) expect(plane.trusted_proxies).toEqual([address]);
  expect(new URL(String(data_plane.public_url)).port).toBe('8443');
  expect(proxy.ports).toEqual(['8443:8443', '127.0.0.1:9443:9443']);
  const certificate = JSON.stringify(listeners).match(/\/run\/secrets\/[\w.]+/g);
  expect(new Set(certificate)).toEqual(new Set(proxy.secrets.map((name: string) => `/run/secrets/${name}`)));
});

it('is watched front by front', () => {
  const { scrape_configs, rule_files } = parse(read('fronts/prometheus.yml'));
  const [{ job_name, static_configs }] = scrape_configs;
  const { operations_plane } = loaded().config;
  expect([job_name, rule_files]).toEqual(['keyward', ['keyward.rules.yml']]);
  expect(static_configs).toEqual(
    FRONTS.map((instance) => ({ targets: [`${instance}:${operations_plane.port}`], labels: { instance } })),
  );
  const { datasources } = parse(read('grafana/provisioning/datasources/prometheus.yml'));
  expect(compose.services.prometheus.command).toContain(
    `--web.listen-address=${new URL(datasources[0].url).host}`,
  );
});
