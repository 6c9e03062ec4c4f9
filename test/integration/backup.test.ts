import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { parse, stringify } from 'yaml';
import { verifyAudit } from '../../src/audit-verify/index.ts';
import { loadFileConfig } from '../../src/backup/take.ts';
import { keywardJson } from '../support/command-line.ts';
import { freePorts } from '../support/free-port.ts';
import { type RunningService, serveOn, startService } from '../support/running-service.ts';
import { canMount, smallDisk } from '../support/small-disk.ts';
import { query } from '../support/store-database.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { loadTokens } from '../support/token-load.ts';

const DEADLINE_MS = 240_000;
vi.setConfig({ testTimeout: DEADLINE_MS });
const QUICK = { jwks_max_age_seconds: 1, max_stale_seconds: 0, clock_skew_seconds: 0 };

const keyward = (configFile: string, ...argv: string[]) => keywardJson([...argv, '--config', configFile]);

const elsewhere = temporaryFolder();
const backups = temporaryFolder();
const folder = join(backups.path, 'monday');
const later = join(backups.path, 'tuesday');
let service: RunningService;
let grants: { sign: string; verify: string };
let clients: readonly string[];
const tokens: { before: string[]; after: string[] } = { before: [], after: [] };

/** The same service on another host: its configuration, with other paths, and the file of its sink. */
function moved(
  name: string,
  change: (config: Record<string, Record<string, unknown>>) => void = () => {},
): string {
  const to = join(elsewhere.path, name);
  mkdirSync(to);
  copyFileSync(join(service.hsm.folder, 'audit.jsonl'), join(to, 'audit.jsonl'));
  const config = parse(readFileSync(service.configFile, 'utf8'));
  change(config);
  const file = join(to, 'config.yaml');
  writeFileSync(file, stringify(config), { mode: 0o600 });
  return file;
}

/** A copy of the backup that somebody changed. */
function tampered(name: string, change: (of: string) => void): string {
  const to = join(backups.path, name);
  cpSync(folder, to, { recursive: true });
  change(to);
  return to;
}

const manifestOf = (of: string) => JSON.parse(readFileSync(join(of, 'manifest.json'), 'utf8'));
const rewrite = (of: string, change: (manifest: Record<string, unknown>) => void) => {
  const manifest = manifestOf(of);
  change(manifest);
  writeFileSync(join(of, 'manifest.json'), JSON.stringify(manifest));
};
const digestOf = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex');
const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);
const iatOf = (token: string) =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).iat as number;

beforeAll(async () => {
  const [data, operations] = await freePorts(2);
  const config = {
    data_plane: { port: data, public_url: 'http://127.0.0.1:8080' },
    operations_plane: { port: operations },
  };
  service = await startService({ twoPersons: true, config });
  grants = await service.provision({ id: 'payments', policy: QUICK });
  clients = [grants.sign, grants.verify];
}, DEADLINE_MS);

afterAll(async () => {
  await service.remove();
  for (const each of [elsewhere, backups]) each.remove();
});

it('backs up under load: one moment, verified, for its owner alone', async () => {
  const load = loadTokens(service, 'payments', grants.sign);
  await load.nextToken();
  const known = load.tokens.length;
  const { exitCode, out } = await keyward(service.configFile, 'backup', folder);
  expect([exitCode, out?.sound, out?.findings]).toEqual([0, true, []]);
  // Released before it began, so it holds their records.
  tokens.before = load.tokens.slice(0, known);
  await load.nextToken();
  await load.stop();
  tokens.after = load.tokens.slice(known);
  expect([known > 0, tokens.after.length > 0]).toEqual([true, true]);
  expect(await service.data('GET', '/readyz')).toMatchObject({ status: 200 });

  expect(readdirSync(folder).sort()).toEqual(['keyward.db', 'manifest.json']);
  expect([folder, ...readdirSync(folder).map((name) => join(folder, name))].map(modeOf)).toEqual([
    '700',
    '600',
    '600',
  ]);
  const manifest = manifestOf(folder);
  expect(manifest.files).toEqual([
    {
      name: 'keyward.db',
      bytes: statSync(join(folder, 'keyward.db')).size,
      sha256: digestOf(join(folder, 'keyward.db')),
    },
  ]);
  expect(manifest.not_contained).toHaveLength(4);
  const { configFile } = service;
  const copy = { configFile, database: join(folder, 'keyward.db'), saved: [], sinks: false };
  expect((await verifyAudit(copy)).findings).toEqual([]);
  const text =
    readFileSync(join(folder, 'keyward.db'), 'latin1') + readFileSync(join(folder, 'manifest.json'));
  for (const secret of [service.hsm.pin, service.operator, ...clients]) expect(text).not.toContain(secret);
});

describe('a backup is refused, and leaves nothing', () => {
  const nothing = (of: string) => [of, `${of}.part`].filter((path) => existsSync(path) && path !== of);

  it('into a folder that is not empty', async () => {
    const { exitCode, err } = await keyward(service.configFile, 'backup', folder);
    expect([exitCode, err.code]).toEqual([1, 'folder_in_use']);
    expect([nothing(folder), manifestOf(folder).format]).toEqual([[], 'keyward-backup/1']);
  });

  it('beside what an interrupted one left, and not into an empty folder', async () => {
    mkdirSync(`${later}.part`);
    const { err } = await keyward(service.configFile, 'backup', later);
    expect([err.code, existsSync(later)]).toEqual(['folder_in_use', false]);
    rmSync(`${later}.part`, { recursive: true });
    mkdirSync(later);
    expect((await keyward(service.configFile, 'backup', later)).exitCode).toBe(0);
  });

  it('into a folder that is not there', async () => {
    const { err } = await keyward(service.configFile, 'backup', join(backups.path, 'nowhere', 'monday'));
    expect(err.code).toBe('folder_refused');
  });

  it('of no database', async () => {
    const { err } = await keyward(moved('empty'), 'backup', join(backups.path, 'empty'));
    expect([err.code, existsSync(join(backups.path, 'empty'))]).toEqual(['no_database', false]);
  });
});

describe.skipIf(process.getuid?.() !== 0)('root, in the data folder of another user (needs root)', () => {
  const UID = 64_321;

  /** A data folder of that user; what is in it afterwards, by owner. */
  function foreign(name: string) {
    const configFile = moved(name);
    const data = dirname(loadFileConfig(configFile, 'keyward backup').database.file);
    mkdirSync(data, { recursive: true });
    chownSync(data, UID, UID);
    const others = () => readdirSync(data).filter((each) => statSync(join(data, each)).uid !== UID);
    return { configFile, data, others, before: others() };
  }

  it.each([
    ['restore', () => ['restore', folder]],
    ['init', () => ['init', '--operator', 'a', '--out', join(elsewhere.path, 'a.credential')]],
    ['hsm replace', () => ['hsm', 'replace']],
  ])(
    '%s leaves nothing there that the service cannot open, and names the command to use',
    async (verb, argv) => {
      const { configFile, data, others, before } = foreign(`foreign-${verb}`);
      const { exitCode, err } = await keyward(configFile, ...argv());
      expect([exitCode, err.code]).toEqual([1, 'invalid_config']);
      expect(err.detail).toContain(`${data} belongs to user ${UID}`);
      expect(err.detail).toContain(`keyward-offline ${verb}`);
      expect(err.detail).toContain(`setpriv --reuid=${UID} --regid=${UID} --clear-groups keyward ${verb}`);
      expect([others(), existsSync(join(elsewhere.path, 'a.credential'))]).toEqual([before, false]);
    },
  );

  it('a backup leaves the data folder to that user', async () => {
    const { configFile, data, others, before } = foreign('foreign-backup');
    copyFileSync(join(folder, 'keyward.db'), join(data, 'keyward.db'));
    chownSync(join(data, 'keyward.db'), UID, UID);
    const { exitCode } = await keyward(configFile, 'backup', join(backups.path, 'foreign'));
    expect([exitCode, others()]).toEqual([0, before]);
  });

  it('a folder of its own is restored into', async () => {
    const { configFile, data } = foreign('own');
    chownSync(data, 0, 0);
    expect((await keyward(configFile, 'restore', folder)).exitCode).toBe(0);
  });
});

describe.skipIf(!canMount())('a full disk (skipped where nothing can be mounted)', () => {
  /** Of the mebibyte: the rest is less than a database. */
  const TOO_MUCH_BYTES = 900 * 1_024;

  it('takes no backup, and keeps nothing of it', async () => {
    const disk = smallDisk();
    const { exitCode, err } = await keyward(service.configFile, 'backup', join(disk, 'monday'));
    expect([exitCode, err.code, err.detail]).toEqual([
      1,
      'disk_full',
      expect.stringMatching(/takes up to \d+ bytes, and its disk has \d+/),
    ]);
    expect(readdirSync(disk)).toEqual([]);
    expect(await service.data('GET', '/readyz')).toMatchObject({ status: 200 });
  });

  it('takes no restore, and what was there is there', async () => {
    const disk = smallDisk();
    const configFile = moved('full-disk', (config) => {
      config.database = { file: join(disk, 'keyward.db') };
    });
    const others = join(disk, 'of-somebody-else');
    writeFileSync(others, Buffer.alloc(TOO_MUCH_BYTES));
    const { exitCode, err } = await keyward(configFile, 'restore', folder);
    expect([exitCode, err?.code, err?.detail]).toEqual([
      1,
      'disk_full',
      expect.stringMatching('disk is full'),
    ]);
    const left = readdirSync(disk).filter((name) => name !== 'keyward.db-owner');
    expect([left, statSync(others).size]).toEqual([['of-somebody-else'], TOO_MUCH_BYTES]);
    rmSync(others);
    expect((await keyward(configFile, 'restore', folder)).exitCode).toBe(0);
  });
});

describe('a restore is refused, and changes nothing', () => {
  it('while the service runs', async () => {
    const { exitCode, err } = await keyward(service.configFile, 'restore', folder, '--replace');
    expect([exitCode, err.code]).toEqual([1, 'database_in_use']);
    expect(await service.data('GET', '/readyz')).toMatchObject({ status: 200 });
  });

  it('over a newer database', async () => {
    await service.act('PATCH', '/v1/admin/scopes/payments', { policy: { max_ttl_seconds: 900 } });
    await service.stop();
    const file = join(service.hsm.folder, 'keyward.db');
    const before = digestOf(file);
    const { exitCode, err } = await keyward(service.configFile, 'restore', folder);
    expect([exitCode, err.code]).toEqual([1, 'newer_database']);
    expect(err.detail).toMatch(/it ends at event \d+, the backup at \d+/);
    expect(digestOf(file)).toBe(before);
    expect(readdirSync(service.hsm.folder).filter((name) => /restor/.test(name))).toEqual([]);
  });

  it('for another HSM', async () => {
    const file = moved('other-hsm', ({ hsm }) => {
      if (hsm) hsm.registry_key = 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs';
    });
    const { err } = await keyward(file, 'restore', folder);
    expect([err.code, existsSync(join(dirname(file), 'keyward.db'))]).toEqual(['other_hsm', false]);
  });

  const flip = (of: string) => {
    const file = join(of, 'keyward.db');
    const bytes = readFileSync(file);
    bytes[bytes.length - 100] = (bytes.at(-100) ?? 0) ^ 1;
    writeFileSync(file, bytes);
  };
  const fitDigest = (of: string) =>
    rewrite(of, (manifest) => {
      const file = join(of, 'keyward.db');
      manifest.files = [{ name: 'keyward.db', bytes: statSync(file).size, sha256: digestOf(file) }];
    });
  const changes: readonly [string, (of: string) => void, string, string][] = [
    ['without a manifest', (of) => rmSync(join(of, 'manifest.json')), 'not_a_backup', 'no readable manifest'],
    [
      'of half a manifest',
      (of) => truncateSync(join(of, 'manifest.json'), 99),
      'backup_changed',
      'no manifest',
    ],
    ['of a changed byte', flip, 'backup_changed', 'keyward.db is not the file of manifest.json'],
    [
      'of a file that was cut',
      (of) => truncateSync(join(of, 'keyward.db'), 4_096),
      'backup_changed',
      'keyward.db is',
    ],
    [
      'without its database',
      (of) => rmSync(join(of, 'keyward.db')),
      'backup_changed',
      'keyward.db is missing',
    ],
    [
      'with a log beside it',
      (of) => writeFileSync(join(of, 'keyward.db-wal'), ''),
      'backup_changed',
      'keyward.db-wal',
    ],
    [
      'of a manifest that leads elsewhere',
      (of) =>
        rewrite(of, (manifest) => {
          manifest.files = [{ name: '../monday/keyward.db', bytes: 1, sha256: '0'.repeat(64) }];
        }),
      'backup_changed',
      'no manifest of a backup',
    ],
    [
      'of a manifest with other heads',
      (of) =>
        rewrite(of, (manifest) => {
          manifest.checkpoint = { number: 99, time: 1_800_000_000 };
        }),
      'backup_changed',
      'says otherwise than the database: checkpoint',
    ],
    [
      'of rows that were changed, with a manifest that fits',
      (of) => {
        query(
          join(of, 'keyward.db'),
          `UPDATE audit_events SET actor = 'mallory' WHERE sequence = 2 RETURNING 1`,
        );
        fitDigest(of);
      },
      'audit_unsound',
      'does not verify',
    ],
  ];
  it.each(changes)('%s', async (name, change, code, detail) => {
    const configFile = moved(name.replaceAll(' ', '-'));
    const of = tampered(name.replaceAll(' ', '-'), change);
    const { exitCode, err } = await keyward(configFile, 'restore', of);
    expect([exitCode, err.code, err.detail]).toEqual([1, code, expect.stringContaining(detail)]);
    const left = readdirSync(dirname(configFile)).filter((each) => !/^(?:audit|config)\./.test(each));
    expect(left.filter((each) => each !== 'keyward.db-owner')).toEqual([]);
  });
});

describe('restored on another host, with the same HSM', () => {
  it('each token that clients hold verifies, or lies in the one gap that two persons accept', async () => {
    const configFile = moved('host-b');
    const restored = await keyward(configFile, 'restore', folder);
    expect([restored.exitCode, restored.err]).toEqual([0, undefined]);
    expect(restored.out).toMatchObject({ verified: true, put_aside: [], other_hsm_tokens: [] });
    expect(restored.out.sinks_ahead).toHaveLength(1);
    const host = dirname(configFile);
    expect([modeOf(join(host, 'keyward.db')), modeOf(join(host, 'ledger-archive'))]).toEqual(['600', '700']);

    const { operator, approver } = service;
    service = await serveOn({ hsm: { ...service.hsm, folder: host }, configFile, operator, approver });
    expect((await service.data('GET', '/readyz')).body.checks).toMatchObject([
      { name: 'database', ok: false },
    ]);
    const asked = await service.operations('POST', '/v1/admin/database/accept-restore', {
      reason: 'host a burnt',
    });
    const path = `/v1/admin/proposals/${asked.body.proposal.id}/approve`;
    const approved = await service.operations('POST', path, undefined, approver);
    expect(approved).toMatchObject({ status: 200, body: { proposal: { state: 'executed' } } });
    const { issued_from, issued_until } = approved.body.result;
    await service.logged(({ msg, held }) => msg === 'operations plane listens' && held === undefined);

    const verdict = async (token: string) =>
      (await service.data('POST', '/v1/scopes/payments/verify', grants.verify, { token })).body;
    for (const token of sample(tokens.before)) expect(await verdict(token)).toMatchObject({ valid: true });
    let lost = 0;
    for (const token of sample(tokens.after)) {
      const found = await verdict(token);
      if (found.valid) continue;
      expect(found).toEqual({ valid: false, reason: 'record_lost' });
      expect(iatOf(token)).toBeGreaterThanOrEqual(issued_from);
      expect(iatOf(token)).toBeLessThanOrEqual(issued_until);
      lost += 1;
    }
    expect(lost).toBeGreaterThan(0);
    const forgeries = `SELECT * FROM security_events WHERE type = 'token.never_issued'`;
    expect(query(join(host, 'keyward.db'), forgeries)).toEqual([]);
    const answer = await service.data('POST', '/v1/scopes/payments/tokens', grants.sign, {
      claims: { sub: 'a' },
    });
    expect(answer.status).toBe(201);
    expect(await verdict(answer.body.token)).toMatchObject({ valid: true });
  });

  it('puts what is there aside, whole, when told to', async () => {
    await service.stop();
    const host = dirname(service.configFile);
    const events = query(join(host, 'keyward.db'), 'SELECT count(*) AS n FROM audit_events')[0]?.n;
    const { exitCode, out } = await keyward(service.configFile, 'restore', folder, '--replace');
    expect(exitCode).toBe(0);
    const aside = out.put_aside.find((path: string) => /keyward\.db\.before-restore-/.test(path));
    expect(query(aside, 'SELECT count(*) AS n FROM audit_events')[0]?.n).toBe(events);
    const after = query(join(host, 'keyward.db'), 'SELECT count(*) AS n FROM audit_events')[0]?.n;
    expect(after).toBe(manifestOf(folder).heads.audit.sequence);
    chmodSync(aside, 0o600);
  });
});

/** The first and the last ones, and some between. */
function sample(of: readonly string[]): string[] {
  const step = Math.max(1, Math.floor(of.length / 40));
  return of.filter((_, index) => index % step === 0 || index > of.length - 5);
}
