import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { checkPersons } from '../../../src/access/check.ts';
import { createAccessStore } from '../../../src/access/store/access.ts';
import { type Config, loadConfig } from '../../../src/config.ts';
import { openStore } from '../../../src/db/open-store.ts';
import { askService } from '../../../src/doctor/ask-service.ts';
import { checkDatabase, checkTrail } from '../../../src/doctor/check-database.ts';
import {
  againstFiles,
  checkFiles,
  checkMode,
  checkSinks,
  checkTracing,
  pattern,
} from '../../../src/doctor/check-host.ts';
import { checkListeners } from '../../../src/doctor/check-listeners.ts';
import { checkLatch, checkPinFile } from '../../../src/doctor/check-pin.ts';
import { checkModule } from '../../../src/doctor/check-token.ts';
import { examine } from '../../../src/doctor/index.ts';
import { shareInUse } from '../../../src/health/disk.ts';
import { type ForkedToken, isForked, tokensOf } from '../../../src/hsm/tokens.ts';
import { type Operator, ROLES } from '../../../src/kernel/actor.ts';
import { checkNotifications } from '../../../src/notifications/check.ts';
import { makeCertificates } from '../../support/certificates.ts';
import { NOON, withStores } from '../../support/open-test-store.ts';
import { ALICE } from '../../support/registry-samples.ts';
import { SOFTWARE_SEAL } from '../../support/software-seal.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const folder = temporaryFolder();
let home: string;
let round = 0;
const at = (name: string) => join(home, name);

beforeEach(() => {
  round += 1;
  home = join(folder.path, `${round}`);
  mkdirSync(home, { mode: 0o700 });
});
afterAll(() => folder.remove());

function configured(members = ''): Config {
  const hsm = '{module: module.so, token_label: t, token_serial: "1", pin_file: pin}';
  writeFileSync(at('config.yaml'), `hsm: ${hsm}\n${members}`, { mode: 0o600 });
  return loadConfig(at('config.yaml'));
}

const firstToken = (): ForkedToken => {
  const [token] = tokensOf(configured());
  if (!isForked(token)) throw new Error('it names a signer that runs by itself');
  return token;
};

const file = (name: string, mode: number, text = 'x') => writeFileSync(at(name), text, { mode });

describe('tracing', () => {
  const tracing = 'tracing: { endpoint: "https://collector.example:4318", headers_file: headers }';

  it('is no matter where it is off', async () => {
    expect(await checkTracing(configured())).toEqual([]);
  });

  it('is well with headers that the service alone can read', async () => {
    file('headers', 0o600, 'authorization: Bearer s3cret');
    expect(await checkTracing(configured(tracing))).toEqual([
      { check: 'tracing', level: 'ok', summary: 'traces go to https://collector.example:4318' },
    ]);
  });

  it('fails with others', async () => {
    file('headers', 0o600, 's3cret');
    expect(await checkTracing(configured(tracing))).toEqual([
      {
        check: 'tracing',
        level: 'fail',
        summary: `${at('headers')} must hold 1 to 16 lines such as name: value, none of them about the body`,
        advice: 'mend the file; it is read at each attempt',
      },
    ]);
  });
});

describe('the PIN file', () => {
  it('is well when the service alone can read it', () => {
    file('pin', 0o600);
    expect(checkPinFile(firstToken())).toEqual({
      check: 'pin file',
      level: 'ok',
      summary: `${at('pin')} can be read by the service alone`,
    });
  });

  it('fails when the group can read it', () => {
    file('pin', 0o640);
    chmodSync(at('pin'), 0o640);
    expect(checkPinFile(firstToken())).toEqual({
      check: 'pin file',
      level: 'fail',
      summary: `${at('pin')} is open to group or others (0640)`,
      advice: `chmod 600 ${at('pin')}, and change the PIN`,
    });
  });

  it('fails when it is not there, or a folder', () => {
    expect(checkPinFile(firstToken()).summary).toBe(`${at('pin')} is not there`);
    mkdirSync(at('pin'));
    expect(checkPinFile(firstToken()).summary).toBe(`${at('pin')} is not a regular file`);
  });
});

describe('the PIN latch', () => {
  const record = { attempts: 0, ckr: null, lastSuccess: null };
  const latch = (content: unknown) => {
    file('pin-latch.json', 0o600, typeof content === 'string' ? content : JSON.stringify(content));
    const { level, summary } = checkLatch(firstToken());
    return [level, summary];
  };

  it('is told by what its file says', () => {
    expect(checkLatch(firstToken()).summary).toBe('no PIN has been tried yet');
    expect(latch({ ...record, state: 'clear' })).toEqual(['ok', 'the last PIN attempt was good']);
    expect(latch({ ...record, state: 'attempting', attempts: 1 })).toEqual([
      'warn',
      'a PIN attempt is under way, or its answer is not known',
    ]);
    expect(latch({ ...record, state: 'rejected', ckr: 0xa0 })).toEqual([
      'fail',
      'the HSM rejected the PIN; it is not tried again',
    ]);
    expect(latch('{')).toEqual(['fail', `${at('pin-latch.json')} cannot be understood, so no PIN is tried`]);
  });

  it('keeps doctor from logging in, as the service would be kept', async () => {
    configured('data_plane: {port: 1}');
    file('module.so', 0o644);
    file('pin', 0o600);
    file('pin-latch.json', 0o600, JSON.stringify({ ...record, state: 'rejected', ckr: 0xa0 }));
    const findings = await examine({ configFile: at('config.yaml'), openToken: true });
    expect(findings.filter(({ check }) => check === 'token')).toEqual([
      {
        check: 'token',
        level: 'fail',
        summary: 'not opened: no PIN is tried before the above is well',
        advice: 'mend the above',
      },
    ]);
  });
});

describe('files', () => {
  const levels = () => checkFiles(configured()).map(({ level }) => level);

  it('may be read by their owner alone, and the configuration by others', () => {
    expect(levels()).toEqual(['ok', 'ok']);
    chmodSync(at('config.yaml'), 0o644);
    expect(checkFiles(loadConfig(at('config.yaml'))).map(({ level }) => level)).toEqual(['ok', 'ok']);
  });

  it('warn when the folder can be listed and fail when it can be written', () => {
    chmodSync(home, 0o755);
    expect(levels()).toEqual(['warn', 'ok']);
    chmodSync(home, 0o777);
    expect(levels()).toEqual(['fail', 'ok']);
  });

  it('fail when others may change the configuration', () => {
    configured();
    chmodSync(at('config.yaml'), 0o666);
    expect(checkFiles(loadConfig(at('config.yaml')))[1]).toEqual({
      check: 'configuration',
      level: 'fail',
      summary: `${at('config.yaml')} may be changed by others (0666)`,
      advice: `chmod go-w ${at('config.yaml')}`,
    });
  });

  it('fail when the module is missing or others may change it', () => {
    expect(checkModule(firstToken()).summary).toBe(`${at('module.so')} is not there`);
    file('module.so', 0o600);
    expect(checkModule(firstToken()).level).toBe('ok');
    chmodSync(at('module.so'), 0o666);
    expect(checkModule(firstToken()).level).toBe('fail');
  });

  it('fail when there is no database', async () => {
    expect(await checkDatabase(configured())).toEqual([
      {
        check: 'database',
        level: 'fail',
        summary: `${at('keyward.db')} is not there`,
        advice: 'run keyward init',
      },
    ]);
  });

  it('show that an open database is durable', async () => {
    file('keyward.db', 0o600, '');
    const [database, , disk] = await checkDatabase(configured());
    const percent = Math.round((await shareInUse(at('keyward.db'))) * 100);
    expect(disk?.summary).toBe(`the database's disk is ${percent} % full`);
    expect(database).toEqual({
      check: 'database',
      level: 'ok',
      summary: expect.stringMatching(/^SQLite [\d.]+, journal wal, synchronous 2 \(FULL\)$/),
    });
  });
});

describe('the audit trail', () => {
  const OPERATOR = { operatorId: 'alice', requestId: null };
  const opened = async () =>
    withStores(
      await openStore({
        database: { file: at('keyward.db') },
        archiveDir: at('ledger-archive'),
        queueLimit: 10,
        clock: NOON,
        onEvent: () => {},
      }),
      NOON,
    );

  it('fails while events wait for two persons, and says which', async () => {
    const store = await opened();
    await store.audit.record({ type: 'x', actor: 'mallory', subject: 'y', requestId: null, details: {} });
    await store.audit.record({ type: 'x', actor: 'mallory', subject: 'y', requestId: null, details: {} });
    await store.unwitnessed.record({ from: 1, to: 2, hash: 'h' });
    await store.close();
    expect(await checkTrail(configured())).toEqual([
      {
        check: 'audit trail',
        level: 'fail',
        summary: 'nothing vouches for events 1 to 2: they count for nothing until two persons confirm them',
        advice: 'compare them with the log of that time: docs/runbooks/changed-records.md#auditunwitnessed',
      },
    ]);
  });

  it('is well once they are confirmed', async () => {
    const store = await opened();
    await store.audit.record({ type: 'x', actor: 'mallory', subject: 'y', requestId: null, details: {} });
    await store.unwitnessed.record({ from: 1, to: 1, hash: 'h' });
    await store.unwitnessed.load(undefined);
    await store.unwitnessed.confirm('seen', OPERATOR);
    await store.close();
    expect(await checkTrail(configured())).toEqual([
      { check: 'audit trail', level: 'ok', summary: 'no events wait for two persons to confirm them' },
    ]);
  });

  it('is not looked for where there is no database', async () => {
    expect(await checkTrail(configured())).toEqual([]);
  });
});

describe('listeners', () => {
  const found = (members: string) =>
    checkListeners(configured(members)).map(({ check, level }) => [check, level]);

  it('on loopback are well', () => {
    expect(found('')).toEqual([
      ['data plane', 'ok'],
      ['operations', 'ok'],
    ]);
  });

  it('behind a proxy are a warning, and for operations two', () => {
    const open = '{host: 0.0.0.0, trusted_proxies: [10.0.0.7]}';
    expect(found(`data_plane: ${open}\noperations_plane: ${open}`)).toEqual([
      ['data plane', 'warn'],
      ['operations', 'warn'],
      ['operations', 'warn'],
    ]);
  });

  it('with TLS fail by a key of another certificate, as do bundles of authorities with garbage in them', () => {
    makeCertificates(home);
    writeFileSync(at('bundle.pem'), '-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n');
    const tls = `{cert_file: ${at('server.pem')}, key_file: ${at('client.key')}}`;
    const sinks = `[{type: syslog, host: logs.example, tls: {ca_file: ${at('bundle.pem')}}}]`;
    const config = configured(`data_plane: {host: 0.0.0.0, tls: ${tls}}\naudit: {sinks: ${sinks}}`);
    expect(checkListeners(config).filter(({ level }) => level === 'fail')).toEqual([
      {
        check: 'data plane',
        level: 'fail',
        summary: `${at('client.key')} is not the key of the certificate in ${at('server.pem')}`,
        advice: 'mend data_plane.tls.key_file',
      },
      {
        check: 'audit sinks',
        level: 'fail',
        summary: `${at('bundle.pem')}: block 1 (line 1) cannot be read as a certificate`,
        advice: 'mend audit.sinks.0.tls.ca_file',
      },
    ]);
  });

  it('with TLS fail without certificate and key', () => {
    expect(found('data_plane: {host: 0.0.0.0, tls: {cert_file: c, key_file: k}}')).toEqual([
      ['data plane', 'fail'],
      ['data plane', 'fail'],
      ['operations', 'ok'],
    ]);
  });
});

describe('the machine', () => {
  it('warns of core dumps through a pipe, and names the program', () => {
    expect(pattern('core').level).toBe('ok');
    expect(pattern('|/usr/lib/systemd/systemd-coredump %P %u')).toMatchObject({
      level: 'warn',
      summary: 'the kernel pipes cores to /usr/lib/systemd/systemd-coredump and then ignores the limit of 0',
    });
  });

  it('fails when the clock lies before what was written', () => {
    expect(againstFiles(1_000_000, 1_002_000).level).toBe('ok');
    expect(againstFiles(1_000_000, 1_062_000)).toMatchObject({
      level: 'fail',
      summary: 'wall time lies 62 s before the newest file',
    });
  });

  it('is told in development mode that it is', () => {
    expect(checkMode(configured()).level).toBe('warn');
    expect(checkMode(configured('mode: production')).level).toBe('ok');
  });
});

describe('notifications', () => {
  const target =
    'notifications: {targets: {on-call: {type: webhook, url: "https://a.example", secret_file: s}}}';
  const waits = ['ok', 'critical events wait for somebody at: default'];
  const levels = async (members?: string) =>
    (await checkNotifications(configured(members).notifications)).map(({ level, summary }) => [
      level,
      summary,
    ]);

  it('are missed where no target is configured', async () => {
    expect(await levels()).toEqual([['warn', 'no target: security events are told to nobody']]);
  });

  it('have secrets that the service’s user alone can read', async () => {
    const secret = at('s');
    const advice = `${secret} must hold 1 to 4 lines such as whsec_ and the base64 of 24 to 64 bytes`;
    expect(await levels(target)).toEqual([['fail', `on-call: ${secret} cannot be opened`], waits]);
    writeFileSync(secret, `whsec_${Buffer.alloc(23).toString('base64')}\n`, { mode: 0o600 });
    expect(await levels(target)).toEqual([['fail', `on-call: ${advice}`], waits]);
    writeFileSync(secret, `whsec_${Buffer.alloc(24).toString('base64')}\n`);
    expect((await levels(target)).map(([level]) => level)).toEqual(['ok', 'ok']);
    chmodSync(secret, 0o640);
    expect(await levels(target)).toEqual([
      ['fail', `on-call: ${secret} is open to group or others: chmod 600 it`],
      waits,
    ]);
  });

  it('wait for somebody at a route at least', async () => {
    const logged = 'notifications: {targets: {siem: {type: file, file: f}}}';
    expect((await levels(logged))[1]).toEqual([
      'warn',
      'no route waits for somebody to acknowledge critical events: none escalates',
    ]);
    const route = (members: string) => `{name: r, targets: [siem], ${members}}`;
    const routed = (members: string) => levels(logged.replace('}}}', `}}, routes: [${route(members)}]}`));
    const [, patient] = await routed('acknowledge_within_seconds: 60');
    expect(patient).toEqual(['ok', 'critical events wait for somebody at: r']);
    const [, unfit] = await routed('acknowledge_within_seconds: 60, severities: [warning]');
    expect(unfit?.[0]).toBe('warn');
  });
});

describe('audit sinks', () => {
  const levelOf = (sinks: string) => checkSinks(configured(`audit: {sinks: [${sinks}]}`)).level;

  it('are missed off the disk of the database, as long as there is none', () => {
    expect(checkSinks(configured())).toEqual({
      check: 'audit sinks',
      level: 'warn',
      summary: 'every one is a file on the disk of the database: both are lost, or rewritten, together',
      advice: 'add one of type syslog on another machine to audit.sinks',
    });
    expect(levelOf('{type: file, file: a}, {type: file, file: b}')).toBe('warn');
    expect(levelOf('{type: file, file: a}, {type: syslog, host: siem.example}')).toBe('ok');
    // The kernel's file system is another than that of any folder.
    expect(levelOf('{type: file, file: /proc/audit.jsonl}')).toBe('ok');
  });
});

describe('two persons', () => {
  async function enrolled(...operators: Partial<Operator>[]): Promise<void> {
    const config = configured();
    const clock = { nowSeconds: () => 7 };
    const store = await openStore({
      database: config.database,
      archiveDir: config.ledger.archive_dir,
      queueLimit: 9,
      clock,
      onEvent: () => {},
    });
    await store.openRegistry({ seal: SOFTWARE_SEAL });
    const access = createAccessStore(store.changes);
    for (const [n, operator] of operators.entries()) {
      const whole = { id: `p${n}`, roles: ROLES, createdAt: 7, revokedAt: null, ...operator };
      await access.addOperator(whole, Buffer.alloc(32, n), ALICE);
    }
    await store.close();
  }

  it('is told in single-operator mode that it is', async () => {
    expect(await checkPersons(configured())).toEqual({
      check: 'two persons',
      level: 'warn',
      summary: 'single-operator mode: one operator alone does what takes two',
      advice: 'set two_persons: true, and have another operator enrolled',
    });
  });

  it.each(['two_persons: true', 'mode: production'])(
    'is well with two who can decide: %s',
    async (members) => {
      await enrolled({ roles: ['operator'] }, { roles: ['approver'] });
      expect(await checkPersons(configured(members))).toEqual({
        check: 'two persons',
        level: 'ok',
        summary: 'asked for; p1 can approve',
      });
    },
  );

  it.each([
    [[]],
    [[{}]],
    [[{}, { revokedAt: 8 }]],
    [[{ roles: ['operator', 'approver'] }, { roles: ['auditor'] }]],
    [[{ roles: ['operator'] }, { roles: ['operator'] }]],
  ] as [Partial<Operator>[]][])('fails where nobody could approve: %j', async (operators) => {
    await enrolled(...operators);
    expect(await checkPersons(configured('two_persons: true'))).toMatchObject({
      level: 'fail',
      advice: 'stop the service and enrol others: keyward init --operator ID=FILE',
    });
  });

  it('cannot be turned off in production', () => {
    expect(() => configured('mode: production\ntwo_persons: false')).toThrow(
      'two_persons: production needs it; leave it out, and enrol a second operator',
    );
  });
});

describe('the service', () => {
  async function answering(body: string) {
    const server = createServer((_request, response) => response.end(body));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const planes = `data_plane: {port: ${port}}\noperations_plane: {port: ${port}}`;
    const found = await askService(configured(planes));
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
    return { found, again: await askService(configured(planes)), port };
  }

  it('is asked what is ready', async () => {
    const checks = [
      { name: 'sign', ok: false, detail: 'the HSM is away' },
      { name: 'record', ok: true, detail: 'records are durable' },
    ];
    const { found, again, port } = await answering(JSON.stringify({ ready: false, checks }));
    expect(found).toEqual([
      {
        check: 'service: sign',
        level: 'fail',
        summary: 'the HSM is away',
        advice: 'see the service’s log; keyward doctor --hsm opens the token itself',
      },
      { check: 'service: record', level: 'ok', summary: 'records are durable' },
      {
        check: 'service: keys',
        level: 'warn',
        summary: `http://127.0.0.1:${port} tells nothing of the keys`,
        advice: 'run keyward key list',
      },
    ]);
    expect(again).toBeUndefined();
  });

  it('may be another program', async () => {
    const { found, port } = await answering('<html>');
    expect(found).toMatchObject([{ level: 'fail', summary: `http://127.0.0.1:${port} is not Keyward` }]);
  });
});

it('a configuration that cannot be read is the finding', async () => {
  const findings = await examine({ configFile: at('nowhere.yaml'), openToken: false });
  expect(findings[0]).toEqual({
    check: 'configuration',
    level: 'fail',
    summary: `${at('nowhere.yaml')}: there is no such file; name it with --config, or make it as docs/production.md shows`,
    advice: 'mend the file',
  });
});
