import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { makeCertificates } from '../../support/certificates.ts';
import { keyward } from '../../support/command-line.ts';
import { folderOfTest } from '../../support/folder-of-test.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const HSM = { module: 'm.so', token_label: 'kw', token_serial: '1', pin_file: 'pin' };

function file(text: string): string {
  const path = join(folderOfTest(), 'config.yaml');
  writeFileSync(path, text);
  return path;
}

const TEN_MISTAKES = `mode: produktion
hsm:
  modul: m.so
  token_label: kw
  token_serial: "1"
  pin_file: ""
  sessions: 0
two_persons: false
data_plane: { host: 0.0.0.0 }
operations_plane: { behind_proxy: true }
audits: {}
audit:
  sinks:
    - { type: file, fil: a.jsonl }
limits: { queued_record: 5 }
notifications:
  contacts: { min_severity: high }
`;

it('a configuration with ten mistakes shows ten, with lines, and an exit code', async () => {
  const path = file(TEN_MISTAKES);
  const { exitCode, out, err } = await keyward(['config', 'check', '--config', path]);
  expect([exitCode, out]).toEqual([1, '']);
  expect(err.trimEnd().split('\n')).toEqual([
    `${path}:1:7: mode: Invalid option: expected one of "development"|"production"`,
    `${path}:3:3: hsm.modul is not known; did you mean module?`,
    `${path}:6:13: hsm.pin_file: Too small: expected string to have >=1 characters`,
    `${path}:7:13: hsm.sessions: Too small: expected number to be >=1`,
    `${path}:9:21: data_plane.host: 0.0.0.0 is not loopback; give it tls, or name in trusted_proxies what ends TLS for it`,
    `${path}:10:35: operations_plane.behind_proxy: write trusted_proxies instead, a list of the addresses or networks of your proxies`,
    `${path}:11:1: audits is not known; did you mean audit?`,
    `${path}:14:21: audit.sinks.0.fil is not known; did you mean file?`,
    `${path}:15:11: limits.queued_record is not known; did you mean queued_records?`,
    `${path}:17:29: notifications.contacts.min_severity: Invalid option: expected one of "info"|"warning"|"critical"`,
    `error: 10 things are wrong in ${path} [invalid_config]`,
  ]);
  const json = JSON.parse((await keyward(['config', 'check', '--config', path, '--json'])).err);
  expect(json.problems).toHaveLength(10);
  expect(json.problems[1]).toEqual({
    file: path,
    line: 3,
    column: 3,
    message: 'hsm.modul is not known; did you mean module?',
  });
});

it('one without a mistake is right, and one in the environment is named by its variable', async () => {
  const path = file(`hsm: ${JSON.stringify(HSM)}\n`);
  expect(await keyward(['config', 'check', '--config', path])).toEqual({
    exitCode: 0,
    out: `${path} is right\n`,
    err: '',
  });
  const settings = { KEYWARD_LOG__LEVEL: 'loud', KEYWARD_LOG__LEVLE: 'debug' };
  const { exitCode, err } = await keyward(['config', 'check', '--config', path], {
    environment: { settings },
  });
  expect(exitCode).toBe(1);
  expect(err.split('\n').slice(0, 2)).toEqual([
    'KEYWARD_LOG__LEVLE is not known; did you mean KEYWARD_LOG__LEVEL?',
    'KEYWARD_LOG__LEVEL: log.level: Invalid option: expected one of "fatal"|"error"|"warn"|"info"|"debug"',
  ]);
  const json = await keyward(['config', 'check', '--config', path, '--json'], {
    environment: { settings: { KEYWARD_LOG__LEVLE: 'debug' } },
  });
  expect(JSON.parse(json.err).problems).toEqual([
    {
      variable: 'KEYWARD_LOG__LEVLE',
      message: 'KEYWARD_LOG__LEVLE is not known; did you mean KEYWARD_LOG__LEVEL?',
    },
  ]);
});

it('the PEM files that it names are checked as well, at the line of the member', async () => {
  const text = `hsm: ${JSON.stringify(HSM)}\ndata_plane:\n  tls: { cert_file: absent.pem, key_file: absent.key }\n`;
  const path = file(text);
  const { exitCode, err } = await keyward(['config', 'check', '--config', path]);
  expect(exitCode).toBe(1);
  expect(err.split('\n').slice(0, 2)).toEqual([
    expect.stringMatching(/:3:21: data_plane\.tls\.cert_file: .*absent\.pem cannot be read \(ENOENT\)$/),
    expect.stringMatching(/:3:43: data_plane\.tls\.key_file: .*absent\.key cannot be read \(ENOENT\)$/),
  ]);
});

it('the PEM files are checked also where the schema refuses the members around them', async () => {
  const path = file(`hsm: { modul: x }
data_plane:
  port: loud
  tls: { cert_file: absent.pem, key_file: absent.key }
operations_plane: { tls: { cert_file: other.pem } }
audit: { sinks: [{ type: syslog, tls: { ca_file: absent-ca.pem } }] }
notifications: { targets: { chat: { tls: { ca_file: absent-chat.pem } } } }
tracing: { ca_file: [12] }
probes: no
`);
  const { exitCode, err } = await keyward(['config', 'check', '--config', path, '--json']);
  expect(exitCode).toBe(1);
  const { problems } = JSON.parse(err) as { problems: { line: number; message: string }[] };
  const aboutFiles = problems.filter(({ message }) => message.includes('ENOENT'));
  expect(aboutFiles.map(({ line, message }) => `${line} ${message.replace(/: .*/, '')}`)).toEqual([
    '4 data_plane.tls.cert_file',
    '4 data_plane.tls.key_file',
    '5 operations_plane.tls.cert_file',
    '6 audit.sinks.0.tls.ca_file',
    '7 notifications.targets.chat.tls.ca_file',
  ]);
  expect(problems.length).toBeGreaterThan(aboutFiles.length);
});

describe('PEM files', () => {
  const { path: folder, remove } = temporaryFolder();
  const at = (name: string) => join(folder, name);
  const pem = (name: string) => readFileSync(at(`${name}.pem`), 'utf8');
  beforeAll(() => {
    makeCertificates(folder);
    const garbage = pem('server').replace(/\n[A-Za-z0-9+/]{20}/, '\n!!!!!!!!!!!!!!!!!!!!');
    writeFileSync(at('garbage.pem'), pem('ca') + garbage + pem('client'));
    const files = ['-in', at('server.pem'), '-signkey', at('server.key'), '-out', at('expired.pem')];
    execFileSync('openssl', ['x509', ...files, '-days', '-1'], { stdio: 'pipe' });
  });
  afterAll(remove);

  const tls = (cert: string, key: string) => ({
    data_plane: { tls: { cert_file: at(cert), key_file: at(key) } },
  });
  const sink = (ca: string) => ({
    audit: { sinks: [{ type: 'syslog', host: 'h', tls: { ca_file: at(ca) } }] },
  });

  it.each<[string, object, RegExp | undefined]>([
    ['a certificate with its key', tls('server.pem', 'server.key'), undefined],
    [
      'a certificate without its key',
      tls('server.pem', 'no.key'),
      /data_plane\.tls\.key_file: .*no\.key cannot be read/,
    ],
    [
      'the key of another',
      tls('server.pem', 'ca.key'),
      /ca\.key is not the key of the certificate in .*server\.pem/,
    ],
    [
      'an expired one',
      tls('expired.pem', 'server.key'),
      /the certificate in .*expired\.pem expired at 20\d\d-/,
    ],
    ['a bundle of authorities', sink('ca.pem'), undefined],
    [
      'a bundle with garbage in the middle',
      sink('garbage.pem'),
      /audit\.sinks\.0\.tls\.ca_file: .*garbage\.pem: block 2 \(line \d+\) cannot be read as a certificate/,
    ],
  ])('%s', async (_, members, said) => {
    const path = file(JSON.stringify({ hsm: HSM, ...members }));
    // OpenSSL made them just now.
    const nowSeconds = Math.ceil(Date.now() / 1_000);
    const { exitCode, out, err } = await keyward(['config', 'check', '--config', path], { nowSeconds });
    if (said === undefined) expect([exitCode, err]).toEqual([0, '']);
    else expect([exitCode, out, err]).toEqual([1, '', expect.stringMatching(said)]);
    expect(err.split('\n')).toHaveLength(said === undefined ? 1 : 3);
  });

  it('each file of a block is checked by itself', async () => {
    const files = { cert_file: at('garbage.pem'), key_file: at('ca.pem'), client_ca_file: at('absent.pem') };
    const path = file(JSON.stringify({ hsm: HSM, data_plane: { tls: files } }));
    const { exitCode, err } = await keyward(['config', 'check', '--config', path, '--json']);
    expect(exitCode).toBe(1);
    const { problems } = JSON.parse(err) as { problems: { message: string }[] };
    expect(problems.map(({ message }) => message)).toEqual([
      expect.stringMatching(/^data_plane\.tls\.cert_file: .*block 2 .* cannot be read as a certificate$/),
      expect.stringMatching(/^data_plane\.tls\.key_file: .*ca\.pem holds no private key/),
      expect.stringMatching(/^data_plane\.tls\.client_ca_file: .*absent\.pem cannot be read \(ENOENT\)$/),
    ]);
  });
});

it('is shown with defaults, variables applied, and nothing that may be a secret', async () => {
  const targets = {
    chat: { type: 'webhook', url: 'https://hooks.example.com/services/B0/secret', secret_file: 'hook' },
    plain: { type: 'webhook', url: 'https://hooks.example.com/', secret_file: 'hook' },
  };
  const hsm = { ...HSM, environment: { MODULE_PASSWORD: 'secret' } };
  const path = file(JSON.stringify({ hsm, notifications: { targets } }));
  const environment = { settings: { KEYWARD_DATA_PLANE__PORT: '8443' } };
  const { exitCode, out } = await keyward(['config', 'show', '--config', path], { environment });
  expect(exitCode).toBe(0);
  expect(out).not.toContain('secret\n');
  expect(out).not.toContain('services');
  expect(out.split('\n').slice(0, 2)).toEqual([
    `# ${path}, with defaults filled in`,
    '# from the environment: KEYWARD_DATA_PLANE__PORT',
  ]);
  const shown = parse(out);
  expect(shown.data_plane).toMatchObject({ host: '127.0.0.1', port: 8443, connections_per_address: 1_024 });
  expect(shown.hsm).toMatchObject({
    pin_file: join(path, '../pin'),
    environment: { MODULE_PASSWORD: '(not shown)' },
  });
  expect(shown.notifications.targets.plain.url).toBe('https://hooks.example.com/');
  const json = JSON.parse(
    (await keyward(['config', 'show', '--config', path, '--json'], { environment })).out,
  );
  expect(json).toEqual({ file: path, variables: ['KEYWARD_DATA_PLANE__PORT'], settings: shown });
});

it('its schema is printed without a file', async () => {
  const { exitCode, out } = await keyward(['config', 'schema']);
  expect(exitCode).toBe(0);
  expect(JSON.parse(out)).toMatchObject({ type: 'object', additionalProperties: false, required: ['hsm'] });
});
