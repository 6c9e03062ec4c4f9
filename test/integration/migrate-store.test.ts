import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { verifyAudit } from '../../src/audit-verify/index.ts';
import type { LedgerGroup } from '../../src/kernel/ledger-chain.ts';
import { keywardJson, type RanForPrograms } from '../support/command-line.ts';
import { createDatabase } from '../support/postgres/create-database.ts';
import { NO_POSTGRES, POSTGRES } from '../support/postgres/programs.ts';
import { type RunningService, serveOn, startService } from '../support/running-service.ts';
import { COMMAND_LINE } from '../support/service-program.ts';
import { canMount, smallDisk } from '../support/small-disk.ts';
import { query, queryPostgres } from '../support/store-database.ts';

/** Keys rotate at once; on a busy machine a token lives through all moves. */
const QUICK = {
  jwks_max_age_seconds: 1,
  max_stale_seconds: 0,
  clock_skew_seconds: 0,
  max_ttl_seconds: 3_600,
  default_ttl_seconds: 3_600,
};

/** Of the mebibyte: the rest is less than a database. */
const TOO_MUCH_BYTES = 900 * 1_024;

describe.skipIf(NO_POSTGRES)(`between SQLite and ${POSTGRES}`, () => {
  let service: RunningService;
  let grants: { sign: string; verify: string };
  let server: Awaited<ReturnType<typeof createDatabase>>;
  /** In hand, whatever happens to the database. */
  const good: string[] = [];
  const revoked: string[] = [];

  const inFolder = (name: string) => join(service.hsm.folder, name);
  const urlFile = () => inFolder('database-url');

  const keyward = (...argv: string[]) => keywardJson([...argv, '--config', service.configFile]);

  /** For what has to end with its process. */
  const processOf = (...argv: string[]) => [
    '--disable-sigusr1',
    COMMAND_LINE,
    ...argv,
    '--config',
    service.configFile,
  ];

  const migrateToServer = (...more: string[]) =>
    keyward('migrate-store', '--to-url-file', urlFile(), '--durability', 'single', ...more);
  const migrateToFile = (file: string, ...more: string[]) =>
    keyward('migrate-store', '--to-file', file, ...more);

  function configure(database: object): void {
    const config = parse(readFileSync(service.configFile, 'utf8'));
    writeFileSync(service.configFile, stringify({ ...config, database }), { mode: 0o600 });
  }

  async function start(): Promise<void> {
    service = await serveOn(service);
  }

  async function issue(): Promise<string> {
    const answer = await service.data('POST', '/v1/scopes/payments/tokens', grants.sign, {
      claims: { sub: 'user' },
    });
    expect(answer.status).toBe(201);
    return answer.body.token;
  }

  async function revoke(token: string): Promise<void> {
    const { jti } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    await service.act('POST', '/v1/admin/revocations', { scope: 'payments', jti, reason: 'test' });
    revoked.push(token);
  }

  async function rotate(): Promise<void> {
    for (;;) {
      const { status } = await service.operations('POST', '/v1/admin/scopes/payments/rotate', {
        reason: 'test',
      });
      if (status === 200) return;
      await pause(200);
    }
  }

  /** What a service lives through between two moves. */
  async function live(): Promise<void> {
    good.push(await issue());
    await revoke(await issue());
    await rotate();
    good.push(await issue());
  }

  async function verdicts(tokens: readonly string[]): Promise<readonly unknown[]> {
    const answers = tokens.map((token) =>
      service.data('POST', '/v1/scopes/payments/verify', grants.verify, { token }),
    );
    return (await Promise.all(answers)).map(({ body }) => body.valid === true || (body.reason ?? body));
  }

  async function expectAllKnown(): Promise<void> {
    expect(await verdicts(good)).toEqual(good.map(() => true));
    expect(await verdicts(revoked)).toEqual(revoked.map(() => 'revoked'));
  }

  /** The end of the trail, as the database has it. */
  const lastOf = (rows: Record<string, unknown>[]) => rows.map(({ type }) => type);
  const LAST = 'SELECT type FROM audit_events ORDER BY sequence DESC LIMIT';
  const lastInFile = (file: string, n: number) => lastOf(query(file, `${LAST} ${n}`));
  const lastOnServer = async (n: number) => lastOf(await queryPostgres(server.url, `${LAST} ${n}`));
  const serverIsEmpty = async () =>
    (
      await queryPostgres(
        server.url,
        `SELECT to_regclass('keyward.runs') IS NULL
    OR NOT EXISTS (SELECT FROM keyward.runs) AS empty`,
      ).catch(() => [{ empty: 1 }])
    )[0]?.empty === 1;

  beforeAll(async () => {
    service = await startService({ config: { database: { file: 'keyward.db' } } });
    grants = await service.provision({ id: 'payments', policy: QUICK });
    server = await createDatabase();
    writeFileSync(urlFile(), server.url, { mode: 0o600 });
  });

  afterAll(async () => {
    await service?.remove();
    await server?.drop();
  });

  it('refuses to move while the service runs, but copies, and the service goes on', async () => {
    await live();
    const { exitCode, err } = await migrateToServer();
    expect([exitCode, err.code]).toEqual([1, 'database_in_use']);
    expect(err.detail).toContain('keyward.db; stop it first');
    expect(await serverIsEmpty()).toBe(true);
    const copied = await migrateToServer('--initial-copy');
    expect([copied.exitCode, copied.err]).toEqual([0, undefined]);
    expect(await service.data('GET', '/readyz')).toMatchObject({ status: 200 });
    const copy = await keyward('audit', 'copy', inFolder('copy.db'));
    expect([copy.err.code, copy.err.detail]).toEqual([
      'invalid_config',
      expect.stringContaining('keyward backup'),
    ]);
    expect(existsSync(inFolder('copy.db'))).toBe(false);
  });

  it('refuses what is no other database, each with its reason, and leaves the source as it was', async () => {
    await live();
    await service.stop();
    const file = inFolder('keyward.db');
    const before = lastInFile(file, 1);
    const codeOf = async (ended: Promise<RanForPrograms>) => (await ended).err.code;
    expect(await codeOf(migrateToFile(file))).toBe('same_database');
    expect(await codeOf(migrateToFile(inFolder('other.db')))).toBe('same_engine');
    expect(await codeOf(keyward('migrate-store'))).toBe('usage');
    expect(await codeOf(keyward('migrate-store', '--to-url-file', inFolder('nowhere')))).toBe('usage');
    // The server has no standby.
    const replicated = await keyward('migrate-store', '--to-url-file', urlFile());
    expect([replicated.err.code, replicated.err.detail]).toEqual([
      'invalid_config',
      expect.stringContaining('synchronous_standby_names is empty'),
    ]);
    expect(lastInFile(file, 1)).toEqual(before);
  });

  it('refuses to start on a server that has no more than an initial copy', async () => {
    configure({ url_file: 'database-url', durability: 'single' });
    await expect(start()).rejects.toThrow('database_incomplete');
    const { out: findings } = await keyward('doctor');
    expect(JSON.stringify(findings)).toContain('a move has begun to fill this database');
    configure({ file: 'keyward.db' });
  });

  it('refuses a database that was changed once it was copied and verified', async () => {
    const file = inFolder('keyward.db');
    const [{ kid } = {}] = query(file, 'SELECT kid FROM issuance_records WHERE sequence = 1');
    query(file, `UPDATE issuance_records SET kid = 'other' WHERE sequence = 1`);
    const { err } = await migrateToServer();
    expect([err.code, err.detail]).toEqual(['audit_unsound', expect.stringContaining('ledger')]);
    query(file, `UPDATE issuance_records SET kid = '${kid}' WHERE sequence = 1`);
    expect(await lastOnServer(1)).not.toEqual(['database.left']);
  });

  it('moves to the server: the service goes on there, and no longer on the file', async () => {
    const { exitCode, out, err } = await migrateToServer();
    expect([exitCode, err]).toEqual([0, undefined]);
    expect(out.database).toEqual({ url_file: urlFile(), durability: 'single', copies: 1 });
    expect(lastInFile(inFolder('keyward.db'), 1)).toEqual(['database.left']);
    expect(await lastOnServer(3)).toEqual(['database.moved', 'run.certified', 'database.left']);
    // Whoever has the database next finds the end of the ledger proven.
    const [slot] = await queryPostgres(server.url, 'SELECT owner FROM slots');
    expect(readFileSync(inFolder('ledger-archive.end'), 'latin1')).toContain(slot?.owner);
    await expect(start()).rejects.toThrow('database_moved');
    const init = await promisify(execFile)(
      process.execPath,
      processOf('init', '--out', inFolder('again')),
    ).catch(({ stderr }) => stderr);
    expect(init).toContain('database_moved');
    const { out: findings } = await keyward('doctor');
    expect(JSON.stringify(findings)).toContain('it ends with the move of this database');
  });

  it('has a server refused that holds a move cut short', async () => {
    const isLeft = `type = 'database.left'`;
    const behind = `sequence > (SELECT sequence FROM audit_events WHERE ${isLeft})`;
    const turn = 'UPDATE audit_events SET sequence = -sequence WHERE';
    // As if it had been killed before the file was left.
    query(inFolder('keyward.db'), `${turn} ${isLeft}`);
    await queryPostgres(server.url, `${turn} ${behind}`);
    const { err } = await migrateToServer();
    expect([err.code, err.detail]).toEqual(['target_not_empty', expect.stringContaining('cut short')]);
    configure({ url_file: 'database-url', durability: 'single' });
    await expect(start()).rejects.toThrow('database_moved');
    query(inFolder('keyward.db'), `${turn} ${isLeft}`);
    await queryPostgres(server.url, `${turn} sequence < 0`);
    await start();
    await expectAllKnown();
    await live();
    await expectAllKnown();
  });

  it('copies the server beside the running service into a file that verifies', async () => {
    const copy = inFolder('copy.db');
    const { exitCode, out } = await keyward('audit', 'copy', copy);
    expect([exitCode, out.file, (statSync(copy).mode & 0o777).toString(8)]).toEqual([0, copy, '600']);
    expect((await keyward('audit', 'copy', copy)).err.code).toBe('file_exists');
    const verified = await keyward('audit', 'verify', '--database', copy, '--no-sinks');
    expect([verified.exitCode, verified.out?.findings]).toEqual([0, []]);
    expect(verified.out.counts.groups).toBeGreaterThan(0);
    const exported = await keyward(
      'audit',
      'export',
      '--database',
      copy,
      '--ledger',
      '--out',
      inFolder('export.jsonl'),
    );
    expect(exported.exitCode).toBe(0);
    const offline = await keyward('audit', 'verify', '--file', inFolder('export.jsonl'));
    expect([offline.exitCode, offline.out?.findings]).toEqual([0, []]);
    expect((await keyward('audit', 'verify')).err.detail).toContain('keyward audit copy FILE');
  });

  it('does not verify again the rows of groups that were verified, but all others', async () => {
    const copy = inFolder('copy.db');
    const isSound = async (isVerified: (group: LedgerGroup) => boolean) => {
      const archiveDir = inFolder('ledger-archive');
      const of = { configFile: service.configFile, database: copy, archiveDir, saved: [], sinks: false };
      return (await verifyAudit({ ...of, isVerified })).findings.length === 0;
    };
    query(copy, `UPDATE issuance_records SET kid = 'other' WHERE sequence = 1`);
    expect(await isSound(() => true)).toBe(true);
    expect(await isSound(({ firstRecord }) => firstRecord > 1)).toBe(false);
  });

  it('copies what is new beside the running service, though it was killed before', async () => {
    const back = inFolder('back.db');
    const command = processOf('migrate-store', '--to-file', back, '--initial-copy');
    const killed = execFile(process.execPath, command);
    const ended = new Promise((resolve) => killed.once('exit', resolve));
    while (!existsSync(`${back}.part`)) await pause(2);
    killed.kill('SIGKILL');
    await ended;
    expect(existsSync(back)).toBe(false);
    const first = await migrateToFile(back, '--initial-copy');
    expect([first.exitCode, first.err]).toEqual([0, undefined]);
    good.push(await issue());
    const { out } = await migrateToFile(back, '--initial-copy');
    const sums: { table: string; rows: number; copied: number }[] = out.tables;
    const of = (table: string) => sums.find((each) => each.table === table);
    expect(of('checkpoints')?.rows).toBeGreaterThan(0);
    expect(of('issuance_records')).toMatchObject({ copied: of('issuance_records')?.rows });
    expect([existsSync(back), statSync(`${back}.part`).mode & 0o777]).toEqual([false, 0o600]);
  });

  it('refuses a target that holds a database, and one that the file would replace', async () => {
    await service.stop();
    const { err } = await migrateToFile(inFolder('copy.db'));
    expect([err.code, err.detail]).toEqual([
      'target_not_empty',
      expect.stringContaining('move that file away'),
    ]);
    configure({ file: 'copy.db' });
    const other = await migrateToServer();
    expect([other.err.code, other.err.detail]).toEqual([
      'target_not_empty',
      expect.stringContaining('drop its schema keyward'),
    ]);
    configure({ url_file: 'database-url', durability: 'single' });
  });

  it.skipIf(!canMount())('leaves nothing on a disk that is full', async () => {
    const disk = smallDisk();
    writeFileSync(join(disk, 'of-somebody-else'), Buffer.alloc(TOO_MUCH_BYTES));
    const { err } = await migrateToFile(join(disk, 'back.db'));
    expect([err.code, err.detail]).toEqual(['disk_full', expect.stringContaining('the source is as it was')]);
    expect(readdirSync(disk).sort()).toEqual(['back.db-owner', 'of-somebody-else']);
    expect(await lastOnServer(1)).not.toEqual(['database.left']);
  });

  it('moves back: the service goes on with the file, and no longer on the server', async () => {
    const back = inFolder('back.db');
    const { exitCode, err } = await migrateToFile(back);
    expect([exitCode, err]).toEqual([0, undefined]);
    expect(await lastOnServer(1)).toEqual(['database.left']);
    expect(lastInFile(back, 3)).toEqual(['database.moved', 'run.certified', 'database.left']);
    const isTheOther = await keyward('migrate-store', '--to-file', inFolder('copy.db'));
    expect(isTheOther.err.code).toBe('target_not_empty');
    expect([existsSync(`${back}.part`), (statSync(back).mode & 0o777).toString(8)]).toEqual([false, '600']);
    await expect(start()).rejects.toThrow('database_moved');
    // As if it had been killed before the last of its steps.
    query(back, 'DELETE FROM audit_events WHERE sequence > (SELECT max(sequence) - 2 FROM audit_events)');
    expect(lastInFile(back, 1)).toEqual(['database.left']);
    configure({ file: 'back.db' });
    await expect(start()).rejects.toThrow('database_moved');
    configure({ url_file: 'database-url', durability: 'single' });
    expect((await migrateToFile(back)).exitCode).toBe(0);
    expect(lastInFile(back, 3)).toEqual(['database.moved', 'run.certified', 'database.left']);
    configure({ file: 'back.db' });
    await start();
    await expectAllKnown();
    await live();
    await expectAllKnown();
    await service.stop();
    const verified = await keyward('audit', 'verify');
    expect([verified.exitCode, verified.out?.findings]).toEqual([0, []]);
    expect(verified.out.sinks).toHaveLength(1);
  });
});
