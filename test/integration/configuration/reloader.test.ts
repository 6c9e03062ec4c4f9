import { execFileSync } from 'node:child_process';
import { copyFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { beforeEach, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { loadConfig } from '../../../src/config.ts';
import { type Reloadable, Reloader } from '../../../src/configuration/reloader.ts';
import { KEYWARD } from '../../../src/kernel/actor.ts';
import type { AuditEvent } from '../../../src/kernel/audit.ts';
import type { SecurityEventReport } from '../../../src/kernel/security-events.ts';
import { makeCertificates } from '../../support/certificates.ts';
import { folderOfTest } from '../../support/folder-of-test.ts';

const ALICE = { operatorId: 'alice', requestId: 'r1' };

interface Stage {
  readonly folder: string;
  readonly reloader: Reloader;
  readonly applied: (readonly [what: string, value: unknown])[];
  readonly audited: AuditEvent[];
  readonly raised: SecurityEventReport[];
  write(members: object): void;
}

let stage: Stage;
const TLS = { cert_file: 'server.pem', key_file: 'server.key' };

function put(folder: string, members: object): void {
  const hsm = { module: 'm.so', token_label: 'kw', token_serial: '1', pin_file: 'pin' };
  writeFileSync(join(folder, 'config.yaml'), stringify({ hsm, data_plane: { tls: TLS }, ...members }));
}

beforeEach(() => {
  const folder = folderOfTest();
  makeCertificates(folder);
  put(folder, {});
  const applied: Stage['applied'] = [];
  const audited: AuditEvent[] = [];
  const raised: SecurityEventReport[] = [];
  const apply: Reloadable = {
    notifications: async ({ targets }) => void applied.push(['notifications', Object.keys(targets)]),
    limits: ({ drain_seconds, queued_records }) =>
      void applied.push(['limits', [drain_seconds, queued_records]]),
    logLevel: (level) => void applied.push(['log', level]),
    identities: (identities) => void applied.push(['tls', Object.keys(identities)]),
  };
  const reloader = new Reloader({
    config: loadConfig(join(folder, 'config.yaml'), {}),
    apply,
    audit: { record: async (event) => void audited.push(event) },
    events: { raise: (report) => void raised.push(report) },
    clock: { nowSeconds: () => Math.floor(Date.now() / 1_000) } as never,
    log: pino({ level: 'silent' }),
  });
  stage = { folder, reloader, applied, audited, raised, write: (members) => put(folder, members) };
});

const raised = (wanted: string) =>
  stage.raised
    .filter(({ type }) => type === wanted)
    .map(({ severity, evidence: { details, by } }) => ({ severity, details, by }));
const refusals = () =>
  stage.raised.flatMap(({ type, evidence }) =>
    type === 'service.reloaded' ? [] : [[type, evidence?.details]],
  );
const at = (name: string) => join(stage.folder, name);

describe('a reload', () => {
  it('changes what it can, and refuses by name what takes a restart', async () => {
    stage.write({
      log: { level: 'debug' },
      limits: { drain_seconds: 5, queued_records: 7 },
      notifications: { targets: { siem: { type: 'file', file: 'siem.jsonl' } } },
      data_plane: { port: 1, tls: TLS },
      operations_plane: { tls: TLS },
    });
    const restart = (path: string) => `${path} takes a restart; the service goes on with what it had`;
    const refused = ['data_plane.port', 'operations_plane.tls', 'limits.queued_records'].map(restart);
    const answer = await stage.reloader.reload(ALICE);
    expect(answer.refused).toEqual(refused);
    expect(answer.changed).toContain('log.level');
    expect(answer.changed).toContain('limits.drain_seconds');
    expect(answer.changed.some((path) => path.startsWith('notifications.targets'))).toBe(true);
    expect(stage.applied).toEqual([
      ['notifications', ['siem']],
      ['limits', [5, 16_384]],
      ['log', 'debug'],
      ['tls', ['data_plane']],
    ]);
    expect(stage.audited).toEqual([
      expect.objectContaining({ type: 'service.reloaded', actor: 'alice', requestId: 'r1' }),
    ]);
    expect(refusals()).toEqual([['service.reload_refused', refused]]);
    const told = [{ severity: 'info', details: answer.changed, by: 'alice' }];
    expect(raised('service.reloaded')).toEqual(told);
    expect(await stage.reloader.reload(ALICE)).toEqual({ changed: [], refused });
    expect(raised('service.reloaded')).toEqual(told);
  });

  it('with a mistake changes nothing, and says where it is', async () => {
    stage.write({ log: { level: 'debug' }, limit: {} });
    await expect(stage.reloader.reload(ALICE)).rejects.toMatchObject({
      code: 'reload_refused',
      message: expect.stringMatching(/config\.yaml:\d+:1: limit is not known; did you mean limits\?$/),
    });
    expect([stage.applied, stage.audited]).toEqual([[], []]);
    expect(refusals()).toHaveLength(1);
    expect(raised('service.reloaded')).toEqual([]);
  });

  it.each<[string, () => void, RegExp]>([
    ['a missing key', () => rmSync(at('server.key')), /server\.key cannot be read \(ENOENT\)/],
    [
      'a key of another certificate',
      () => copyFileSync(at('ca.key'), at('server.key')),
      /server\.key is not the key of the certificate in .*server\.pem/,
    ],
    ['no certificate', () => writeFileSync(at('server.pem'), 'x'), /server\.pem holds no certificate/],
    ['no key', () => writeFileSync(at('server.key'), 'x'), /server\.key holds no private key/],
    ['an expired certificate', () => expire(), /the certificate in .*server\.pem expired at 20\d\d-/],
  ])('with %s changes nothing, and says so', async (_, damage, said) => {
    stage.write({ log: { level: 'debug' } });
    damage();
    await expect(stage.reloader.reload(ALICE)).rejects.toMatchObject({
      code: 'reload_refused',
      message: expect.stringMatching(said),
    });
    expect([stage.applied, stage.audited]).toEqual([[], []]);
    expect(refusals()).toHaveLength(1);
  });

  it('with garbage in a bundle of authorities changes nothing', async () => {
    const sink = { type: 'syslog', host: '127.0.0.1', tls: { ca_file: 'ca.pem' } };
    stage.write({ audit: { sinks: [sink] }, notifications: { targets: { siem: sink } } });
    writeFileSync(at('ca.pem'), '-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n');
    await expect(stage.reloader.reload(ALICE)).rejects.toThrow(
      /notifications\.targets\.siem\.tls\.ca_file: .*ca\.pem: block 1 \(line 1\) cannot be read/,
    );
    expect(stage.applied).toEqual([]);
  });

  it('by a hundred signals at once is done twice at most', async () => {
    await Promise.all(Array.from({ length: 100 }, () => stage.reloader.hangup()));
    expect(stage.applied.filter(([what]) => what === 'log').length).toBeLessThanOrEqual(2);
    expect(stage.audited).toEqual([]);
    stage.write({ nonsense: 1 });
    await stage.reloader.hangup();
    expect(refusals()).toHaveLength(1);
  });
});

describe('certificates that change by themselves', () => {
  it('are taken over, and nothing is done while they stay', async () => {
    await stage.reloader.watch();
    expect(stage.applied).toEqual([]);
    copyFileSync(at('foreign.pem'), at('server.pem'));
    copyFileSync(at('foreign.key'), at('server.key'));
    await stage.reloader.watch();
    await stage.reloader.watch();
    expect(stage.applied).toEqual([['tls', ['data_plane']]]);
    expect(stage.audited.map(({ type, actor }) => [type, actor])).toEqual([
      ['service.reloaded', KEYWARD.operatorId],
    ]);
    expect(raised('service.reloaded')).toEqual([
      { severity: 'info', details: ['certificates'], by: KEYWARD.operatorId },
    ]);
  });

  it('are refused where they are bad at two looks in a row, and taken over once they are good', async () => {
    copyFileSync(at('foreign.pem'), at('server.pem'));
    await stage.reloader.watch();
    expect(stage.raised).toEqual([]);
    await stage.reloader.watch();
    await stage.reloader.watch();
    expect(refusals()).toEqual([
      ['service.reload_refused', [expect.stringMatching(/^data_plane\.tls\.key_file: .* is not the key of/)]],
    ]);
    expect(stage.applied).toEqual([['tls', []]]);
    copyFileSync(at('foreign.key'), at('server.key'));
    await stage.reloader.watch();
    expect(stage.applied.at(-1)).toEqual(['tls', ['data_plane']]);
  });
});

/** OpenSSL of today makes none of yesterday with `req`; `x509` with a negative term does. */
function expire(): void {
  const files = ['-in', at('server.pem'), '-signkey', at('server.key'), '-out', at('server.pem')];
  execFileSync('openssl', ['x509', ...files, '-days', '-1'], { stdio: 'pipe' });
}

it('a reload of an operator is audited also where nothing has changed', async () => {
  await stage.reloader.reload(ALICE);
  expect(stage.audited.map(({ type, details }) => [type, details])).toEqual([
    ['service.reloaded', { changed: [], refused: [] }],
  ]);
});
