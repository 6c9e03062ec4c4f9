import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config.ts';
import { readEnvironment } from '../../../src/config-environment.ts';
import { readSettings } from '../../../src/signer/settings.ts';
import { FlawedFile, placedMessage } from '../../../src/yaml-file/problem.ts';
import { folderOfTest } from '../../support/folder-of-test.ts';

const HSM = `hsm: { module: m.so, token_label: kw, token_serial: "1", pin_file: pin }
`;

function file(text = HSM): string {
  const path = join(folderOfTest(), 'config.yaml');
  writeFileSync(path, text);
  return path;
}

function mistakes(variables: Record<string, string>, text?: string): readonly string[] {
  const path = file(text);
  try {
    loadConfig(path, variables);
    return [];
  } catch (error) {
    if (!(error instanceof FlawedFile)) throw error;
    return error.problems.map((problem) =>
      problem.variable === undefined
        ? placedMessage({ ...problem, file: 'config.yaml' })
        : placedMessage({ variable: problem.variable, message: problem.message }),
    );
  }
}

describe('variables of the environment', () => {
  it('go before the file, and are read by the kind of their member', () => {
    const config = loadConfig(file(`${HSM}data_plane: { port: 1, host: ::1 }\nlog: { level: warn }\n`), {
      KEYWARD_DATA_PLANE__PORT: '8443',
      KEYWARD_DATA_PLANE__TRUSTED_PROXIES: '10.0.0.7, 10.1.0.0/16',
      KEYWARD_OPERATIONS_PLANE__TRUSTED_PROXIES: '["::1"]',
      KEYWARD_DATA_PLANE__TLS__CERT_FILE: 'c.pem',
      KEYWARD_DATA_PLANE__TLS__KEY_FILE: 'k.pem',
      KEYWARD_AUDIT__SINKS: '[{"type":"syslog","host":"logs.example.com"}]',
      KEYWARD_TWO_PERSONS: 'false',
      KEYWARD_TRACING__SAMPLE_RATIO: '0.25',
      KEYWARD_TRACING__HEADERS_FILE: 'headers',
      KEYWARD_NOTIFICATIONS__HEARTBEAT_SECONDS: 'null',
      KEYWARD_HSM__TOKEN_SERIAL: '0123',
      KEYWARD_HSM__ENVIRONMENT: '{"SOFTHSM2_CONF":"/etc/softhsm2.conf"}',
    });
    expect(config.data_plane).toMatchObject({ port: 8443, host: '::1' });
    expect(config.data_plane.trusted_proxies).toEqual(['10.0.0.7', '10.1.0.0/16']);
    expect(config.operations_plane.trusted_proxies).toEqual(['::1']);
    expect(config.data_plane.tls?.cert_file).toBe(join(config.file, '../c.pem'));
    expect(config.tracing).toMatchObject({
      sample_ratio: 0.25,
      headers_file: join(config.file, '../headers'),
    });
    expect(config.audit.sinks).toEqual([{ type: 'syslog', host: 'logs.example.com', port: 601 }]);
    expect([config.two_persons, config.notifications.heartbeat_seconds, config.log.level]).toEqual([
      false,
      null,
      'warn',
    ]);
    expect(config.hsm).toMatchObject({
      token_serial: '0123',
      environment: { SOFTHSM2_CONF: '/etc/softhsm2.conf' },
    });
  });

  it('reach the signer, which passes over those of the front', () => {
    const settings = readSettings(file(), 'primary', {
      KEYWARD_HSM__PIN_FILE: '/run/secrets/pin',
      KEYWARD_MODE: 'production',
      KEYWARD_LOG__LEVEL: 'debug',
    });
    expect(settings).toMatchObject({ pinFile: '/run/secrets/pin', hardwareOnly: true });
  });

  it('are named where they are wrong, behind the mistakes of the file', () => {
    const variables = {
      KEYWARD_DATA_PLANE__PORT: '80000',
      KEYWARD_LIMITS__DRAIN_SECONDS: 'soon',
      KEYWARD_OPERATIONS_PLANE__HOST: '192.0.2.1',
      KEYWARD_AUDIT__SINKS: '[{"type":"file","fil":"a"}]',
      KEYWARD_DATA_PLANE__PROT: '1',
      KEYWARD_DATA_PLANE_PORT: '1',
      KEYWARD_LOG: '{"level":"debug"}',
      KEYWARD_FROBNICATE: '1',
      KEYWARD_HSM__REGISTRY_KEY: 'x',
      KEYWARD_HSM_TOKENS: '{}',
    };
    expect(mistakes(variables, `${HSM}limit: 1\n`)).toEqual([
      'config.yaml:2:1: limit is not known; did you mean limits?',
      'KEYWARD_DATA_PLANE__PROT is not known; did you mean KEYWARD_DATA_PLANE__PORT?',
      'KEYWARD_DATA_PLANE_PORT is not known; did you mean KEYWARD_DATA_PLANE__PORT?',
      'KEYWARD_LOG is a section; use KEYWARD_LOG__LEVEL',
      'KEYWARD_FROBNICATE is not known; keyward config schema shows every member',
      'KEYWARD_HSM__REGISTRY_KEY is for the file alone, where keyward writes it',
      'KEYWARD_HSM_TOKENS is for the file alone, where keyward writes the keys of each token',
      'KEYWARD_AUDIT__SINKS: audit.sinks.0.fil is not known; did you mean file?',
      'KEYWARD_DATA_PLANE__PORT: data_plane.port: Too big: expected number to be <=65535',
      'KEYWARD_LIMITS__DRAIN_SECONDS: limits.drain_seconds: Invalid input: expected number, received string',
      'KEYWARD_OPERATIONS_PLANE__HOST: operations_plane.host: 192.0.2.1 is not loopback; give it tls, or name in trusted_proxies what ends TLS for it',
    ]);
  });

  it('are those of Keyward, without those of the command line and of Kubernetes', () => {
    const others = {
      KEYWARD_CONFIG: '/c',
      KEYWARD_CREDENTIAL_FILE: '/o',
      KEYWARD_OPERATIONS_URL: 'http://127.0.0.1:9090',
      KEYWARD_SERVICE_HOST: '10.0.0.1',
      KEYWARD_SERVICE_PORT: '8080',
      KEYWARD_SERVICE_PORT_HTTP: '8080',
      KEYWARD_PORT: 'tcp://10.0.0.1:8080',
      KEYWARD_PORT_8080_TCP: 'tcp://10.0.0.1:8080',
      KEYWARD_PORT_8080_TCP_ADDR: '10.0.0.1',
      KEYWARD_DATA_PORT: 'tcp://10.0.0.1:8080',
    };
    const own = { KEYWARD_DATA_PLANE__PORT: '1', KEYWARD_DATA_PLANE_PORT: '2', KEYWARD_LOGLEVEL: 'debug' };
    const { settings, configFile } = readEnvironment({ ...others, ...own, PATH: '/bin' });
    expect(settings).toEqual(own);
    expect(configFile).toBe('/c');
  });
});
