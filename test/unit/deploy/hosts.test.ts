import { accessSync, constants, existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { loadConfig } from '../../../src/config.ts';
import { readHostSettings } from '../../../src/signer/host/settings.ts';
import { folderOfTest } from '../../support/folder-of-test.ts';

const root = new URL('../../../', import.meta.url);
const read = (file: string) => readFileSync(new URL(file, root), 'utf8');

function loaded(file: string) {
  const at = join(folderOfTest(), 'etc/keyward');
  mkdirSync(at, { recursive: true });
  writeFileSync(join(at, 'config.yaml'), read(file));
  return { config: loadConfig(join(at, 'config.yaml')), at };
}

describe('deploy/debian and deploy/systemd', () => {
  const unit = read('deploy/systemd/keyward.service');
  const settingIn = (text: string) => (name: string) => text.match(new RegExp(`^${name}=(.*)$`, 'm'))?.[1];
  const setting = settingIn(unit);
  const signer = settingIn(read('deploy/systemd/keyward-signer.service'));

  it('starts what is installed, each under a user of its own, with the PIN as the signer’s credential', () => {
    expect(setting('ExecStart')).toBe('/usr/bin/keyward serve');
    expect([setting('User'), setting('LoadCredential')]).toEqual(['keyward', undefined]);
    expect(setting('SupplementaryGroups')).toBe('keyward-signer-clients');
    expect(signer('ExecStart')).toBe('/usr/bin/keyward signer --config /etc/keyward-signer/signer.yaml');
    expect([signer('User'), signer('LoadCredential')]).toEqual([
      'keyward-signer',
      'pin:/etc/credstore/keyward.pin',
    ]);
  });

  it('has a service and a signer that find each other', () => {
    const { config } = loaded('deploy/debian/config.example.yaml');
    const at = join(folderOfTest(), 'signer.yaml');
    writeFileSync(at, read('deploy/debian/signer.example.yaml'), { mode: 0o600 });
    const { socket, frontUser, tokens } = readHostSettings(at);
    expect(config.hsm.signer).toEqual({ socket, user: signer('User') });
    expect(frontUser).toBe(setting('User'));
    expect([signer('ReadWritePaths'), signer('RuntimeDirectory')]).toEqual([dirname(socket), undefined]);
    const { pin_file, latch_file, state_dir } = tokens.get('primary') ?? {};
    expect(pin_file).toBe('/run/credentials/keyward-signer.service/pin');
    for (const file of [latch_file, state_dir]) expect(file).toMatch(`/var/lib/${signer('StateDirectory')}/`);
  });

  it('keeps the service’s user out of the signer’s own group', () => {
    const clients = setting('SupplementaryGroups');
    const added = read('deploy/debian/postinst').match(/^adduser --quiet keyward .*$/gm);
    expect(added).toEqual([`adduser --quiet keyward ${clients}`]);
    expect(signer('Group')).toBe('keyward-signer');
    expect(signer('ExecStartPre')).toBe(
      `+/usr/bin/install -d -o keyward-signer -g ${clients} -m 2750 ${signer('ReadWritePaths')}`,
    );
  });

  it.each([
    ['keyward.socket', 'data', 'data_plane'],
    ['keyward-operations.socket', 'operations', 'operations_plane'],
  ] as const)('has in %s the address of the example configuration', (file, name, plane) => {
    const socket = settingIn(read(`deploy/systemd/${file}`));
    const { host, port } = loaded('deploy/debian/config.example.yaml').config[plane];
    expect(socket('ListenStream')).toBe(`${host}:${port}`);
    expect([socket('FileDescriptorName'), socket('Service')]).toEqual([name, 'keyward.service']);
  });

  it('puts the PIN of a signer that is a child where the drop-in does', () => {
    const [credential] = read('deploy/systemd/one-user.conf').match(/^LoadCredential=.*$/m) ?? [];
    expect(credential).toBe('LoadCredential=pin:/etc/credstore/keyward.pin');
    const offline = read('deploy/systemd/keyward-offline');
    expect(offline).toContain('source=/etc/credstore/keyward.pin');
    expect(offline).toContain('place=/run/credentials/keyward.service');
  });

  it('gives more time to stop than a drain takes', () => {
    const { config } = loaded('deploy/debian/config.example.yaml');
    expect(Number(setting('TimeoutStopSec'))).toBeGreaterThan(config.limits.drain_seconds);
  });

  it('has a configuration that writes nothing where the unit lets nothing be written', () => {
    const { config, at } = loaded('deploy/debian/config.example.yaml');
    expect(config.mode).toBe('production');
    const { file, ...rest } = config;
    expect(file).toBe(join(at, 'config.yaml'));
    expect(JSON.stringify(rest)).not.toContain(at);
    expect(setting('StateDirectory')).toBe('keyward');
  });

  it('reloads by the signal that the service takes', () => {
    expect(setting('ExecReload')).toBe('/bin/kill -HUP $MAINPID');
  });

  it('rotates the file of the example configuration', () => {
    const [{ file }] = parse(read('deploy/debian/config.example.yaml')).audit.sinks;
    expect(read('deploy/logrotate/keyward')).toContain(`\n${file} {\n`);
  });

  it('enables and starts nothing by itself', () => {
    const scripts = ['postinst', 'prerm', 'postrm'].map((name) => read(`deploy/debian/${name}`));
    expect(scripts.filter((script) => /systemctl (?:enable|--now)|deb-systemd/.test(script))).toEqual([]);
    for (const script of scripts) expect(script).toMatch(/^#!\/bin\/sh\nset -e\n/);
  });

  it('packs every unit, and stops on an upgrade what runs for long', () => {
    const units = globSync('*.{service,socket,timer}', { cwd: new URL('deploy/systemd/', root) });
    const [packed, prerm, postinst] = [
      'scripts/build-deb.ts',
      'deploy/debian/prerm',
      'deploy/debian/postinst',
    ].map(read);
    expect(units).toHaveLength(6);
    for (const name of units) expect(packed).toContain(`'${name}'`);
    for (const name of units.filter((unit) => unit !== 'keyward-backup.service')) {
      expect(prerm).toContain(` ${name}`);
      expect(postinst).toContain(` ${name}`);
    }
  });

  it('packs the completion of each shell where the shell looks for it', () => {
    const packed = read('scripts/build-deb.ts');
    for (const place of [
      'bash-completion/completions/keyward',
      'zsh/vendor-completions/_keyward',
      'fish/vendor_completions.d/keyward.fish',
    ]) {
      expect(packed).toContain(`'${place}'`);
    }
  });

  it('has a backup each day, by the user of the service, into the folder that the package makes', () => {
    const backup = settingIn(read('deploy/systemd/keyward-backup.service'));
    const folder = backup('ReadWritePaths');
    expect(backup('User')).toBe(setting('User'));
    expect(backup('ExecStart')).toContain(`exec /usr/bin/keyward backup "${folder}/`);
    expect(backup('ExecStartPost')).toMatch(`/usr/bin/find ${folder} `);
    expect(read('deploy/debian/postinst')).toContain(`-o keyward -g keyward ${folder}\n`);
    expect(settingIn(read('deploy/systemd/keyward-backup.timer'))('OnCalendar')).toBe('daily');
  });

  it.each(['deploy/systemd/keyward-offline', 'scripts/package/starter', 'scripts/package/cli/keyward.js'])(
    '`%s` has its run bit',
    (file) => {
      expect(() => accessSync(new URL(file, root), constants.X_OK)).not.toThrow();
    },
  );
});

describe('deploy/envoy', () => {
  it('is YAML, and points each route at the cluster that there is', () => {
    const { static_resources } = parse(read('deploy/envoy/envoy.yaml'));
    const [cluster] = static_resources.clusters;
    const [filter] = static_resources.listeners[0].filter_chains[0].filters;
    const { routes } = filter.typed_config.route_config.virtual_hosts[0];
    expect(routes.map(({ route }: { route: { cluster: string } }) => route.cluster)).toEqual(
      Array(routes.length).fill(cluster.name),
    );
  });
});

describe('deploy/envoy, the listener for client certificates', () => {
  const [plain, certificates] = parse(read('deploy/envoy/envoy.yaml')).static_resources.listeners.map(
    ({ filter_chains: [chain] }: { filter_chains: readonly unknown[] }) => chain,
  );

  it('demands one of the CA, and does the same with who has it', () => {
    const { require_client_certificate, common_tls_context } = certificates.transport_socket.typed_config;
    expect(require_client_certificate).toBe(true);
    expect(common_tls_context.validation_context.trusted_ca.filename).toMatch(/clients-ca/);
    expect(plain.transport_socket.typed_config.require_client_certificate).toBeUndefined();
    expect(certificates.filters).toEqual(plain.filters);
  });

  it('tells Keyward nothing of it', () => {
    expect(certificates.filters[0].typed_config.forward_client_cert_details).toBe('SANITIZE');
  });
});

describe('deploy/grafana/provisioning', () => {
  it('looks for the dashboard where the compose file puts it, and for Prometheus where that listens', () => {
    const compose = read('docker-compose.yml');
    const dashboards = parse(read('deploy/grafana/provisioning/dashboards/keyward.yml'));
    expect(compose).toContain(`${dashboards.providers[0].options.path}/keyward.json`);
    const { datasources } = parse(read('deploy/grafana/provisioning/datasources/prometheus.yml'));
    expect(compose).toContain(`--web.listen-address=${new URL(datasources[0].url).host}`);
    expect(existsSync(new URL('deploy/grafana/keyward.json', root))).toBe(true);
  });
});
