import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HsmReport } from '../../../src/doctor/describe-hsm.ts';
import { keyward } from '../../support/command-line.ts';
import { freePorts } from '../../support/free-port.ts';
import { type RunningService, startService } from '../../support/running-service.ts';
import { createShim, type Shim } from '../../support/shim.ts';
import { type SignerHost, startSignerHost } from '../../support/signer-host.ts';
import { createSoftHsm } from '../../support/softhsm.ts';

const COPYABLE = 0x171;
const ALGORITHMS = ['ES256', 'ES384', 'RS256', 'PS256', 'Ed25519', 'EdDSA'];

const report = (configFile: string, ...argv: string[]) =>
  keyward(['doctor', '--hsm-report', ...argv], { environment: { configFile } });

/** Doctor asks the service where the configuration says that it listens. */
async function onKnownPorts() {
  const [data, operations] = await freePorts(2);
  return { data_plane: { port: data }, operations_plane: { port: operations } };
}

async function reported(configFile: string): Promise<readonly HsmReport[]> {
  const { out } = await report(configFile, '-o', 'json');
  return JSON.parse(out).reports;
}

describe('keyward doctor --hsm-report', () => {
  let service: RunningService;
  let shim: Shim;

  beforeAll(async () => {
    const { settings, remove } = await createSoftHsm();
    shim = await createShim({ realModule: settings.modulePath });
    remove();
    service = await startService({ shim, config: await onKnownPorts() });
  });
  afterAll(async () => {
    await service?.remove();
    shim?.remove();
  });

  it('beside a running service describes module and token, and makes no trial keys', async () => {
    const made = shim.calls('C_GenerateKeyPair');
    const [first] = await reported(service.configFile);
    expect(first).toMatchObject({
      token: 'primary',
      signer: 'service',
      trials: [],
      not_tried: [expect.stringMatching(/^trial keys: the service runs/)],
    });
    expect(first?.module).toMatchObject({
      library: {
        description: 'Implementation of PKCS11',
        manufacturer: 'SoftHSM',
        version: expect.stringMatching(/^\d+\.\d+$/),
        cryptoki_version: '2.40',
      },
      token: {
        manufacturer: 'SoftHSM project',
        model: 'SoftHSM v2',
        flags: expect.arrayContaining(['RNG', 'LOGIN_REQUIRED', 'USER_PIN_INITIALIZED', 'TOKEN_INITIALIZED']),
      },
      sessions: { used: expect.any(Number), most: null, most_read_write: null },
      profile: { name: 'unknown', offers_optional_attributes: true },
    });
    expect(shim.calls('C_GenerateKeyPair')).toBe(made);
  });

  it('names each mechanism that Keyward needs, with its key sizes', async () => {
    const [first] = await reported(service.configFile);
    expect(first?.module?.mechanisms.map(({ name, algorithms }) => [name, algorithms.join(' ')])).toEqual([
      ['CKM_EC_KEY_PAIR_GEN', 'ES256 ES384'],
      ['CKM_ECDSA', 'ES256 ES384'],
      ['CKM_RSA_PKCS_KEY_PAIR_GEN', 'RS256 PS256'],
      ['CKM_SHA256_RSA_PKCS', 'RS256'],
      ['CKM_SHA256_RSA_PKCS_PSS', 'PS256'],
      ['CKM_EC_EDWARDS_KEY_PAIR_GEN', 'Ed25519 EdDSA'],
      ['CKM_EDDSA', 'Ed25519 EdDSA'],
    ]);
    for (const { supported, smallest_key, largest_key } of first?.module?.mechanisms ?? []) {
      expect(supported).toBe(true);
      expect(smallest_key).toBeLessThanOrEqual(largest_key ?? 0);
    }
  });

  it('without a service says what trial keys showed, for people and programs', async () => {
    await service.stop();
    const [first] = await reported(service.configFile);
    expect(first?.not_tried).toEqual(['RSA keys of more than 2048 bits']);
    expect(first?.trials.map(({ algorithm, outcome }) => [algorithm, outcome])).toEqual(
      ALGORITHMS.map((algorithm) => [algorithm, 'proven']),
    );
    for (const { signature_ms } of first?.trials ?? []) expect(signature_ms).toBeGreaterThan(0);

    const { exitCode, out, err } = await report(service.configFile);
    expect([exitCode, err]).toEqual([0, '']);
    expect(out).toMatch(/^library +Implementation of PKCS11, SoftHSM, version \d/m);
    expect(out).toMatch(/^CKM_ECDSA +yes +\d+ to \d+ +ES256 ES384$/m);
    expect(out).toMatch(/^ES256 +proven +[\d.]+ ms +-$/m);
    const { tokenLabel, tokenSerial, modulePath, pinFile } = service.hsm.settings;
    for (const text of [tokenLabel, tokenSerial, modulePath, pinFile, service.hsm.pin]) {
      expect(out).not.toContain(text);
    }
  });

  it('names the attributes that are refused, what cannot be proven, and what fails', async () => {
    shim.control([`C_GenerateKeyPair refuse ${COPYABLE} 0x5`]);
    const [refused] = await reported(service.configFile);
    expect(refused?.trials[0]).toEqual({
      algorithm: 'ES256',
      outcome: 'refused',
      answer: 'C_GenerateKeyPair: CKR_GENERAL_ERROR (0x5)',
      refused_attributes: ['CKA_COPYABLE'],
      unproven: [],
      signature_ms: null,
    });
    expect((await report(service.configFile)).out).toMatch(/^ES256 +refused +- +CKA_COPYABLE; C_Gen/m);
    shim.control(['C_GetMechanismInfo return 0x70']);
    const [silent] = await reported(service.configFile);
    expect(silent?.module?.mechanisms[0]).toMatchObject({ supported: true, smallest_key: null });
    shim.control([]);
  });

  it('of a token that cannot be opened says so, names no file, and ends with 1', async () => {
    shim.control(['C_GetSlotList return 0x30']);
    const { exitCode, out, err } = await report(service.configFile, '-o', 'json');
    shim.control([]);
    expect(exitCode).toBe(1);
    expect(err).toContain('1 of 1 HSM tokens could not be described');
    const not_tried = ['anything: the token cannot be opened: keyward doctor says why'];
    expect(JSON.parse(out).reports).toEqual([
      { token: 'primary', signer: 'service', module: null, trials: [], not_tried },
    ]);
  });
});

describe('with a signer that runs by itself', () => {
  let host: SignerHost;
  let service: RunningService;

  beforeAll(async () => {
    service = await startService({
      config: await onKnownPorts(),
      signer: async (hsm) => {
        host = await startSignerHost(hsm);
        return host;
      },
    });
  });
  afterAll(async () => {
    await service?.remove();
    await host?.kill();
  });

  it('says that the running service has it, and describes all once that has stopped', async () => {
    const [beside] = await reported(service.configFile);
    expect(beside).toMatchObject({ signer: 'own', module: null, trials: [] });
    expect(beside?.not_tried).toEqual([
      expect.stringMatching(/^anything: the service runs and has the signer/),
    ]);
    await service.stop();
    const [alone] = await reported(service.configFile);
    expect(alone).toMatchObject({ signer: 'own', module: { library: { manufacturer: 'SoftHSM' } } });
    expect(alone?.trials.map(({ outcome }) => outcome)).toEqual(ALGORITHMS.map(() => 'proven'));
  });
});
