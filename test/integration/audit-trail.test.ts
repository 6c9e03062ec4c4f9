import { appendFileSync, copyFileSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keyward } from '../support/command-line.ts';
import { type RunningService, startService } from '../support/running-service.ts';
import { query } from '../support/store-database.ts';

const DEADLINE_MS = 120_000;
let service: RunningService;
let sign: string;
const at = (name: string) => join(service.hsm.folder, name);
/** Put aside once the service has stopped: what each test spoils a copy of. */
const WHOLE = 'whole.db';

async function verify(...argv: string[]) {
  const environment = { configFile: service.configFile };
  const { exitCode, out, err } = await keyward(['audit', 'verify', '--json', ...argv], { environment });
  if (out === '') throw new Error(err);
  return { exitCode, ...JSON.parse(out) };
}

/** An escape, a title, a C1 control and a bidi override. */
const HOSTILE = '\u001b[2Jgone\u001b]0;x\u0007\u009b31m\u202e';

/** What the verifier finds in a copy of the database after these statements. */
async function spoiled(statements: string, ...argv: string[]): Promise<unknown[]> {
  const copy = at('spoiled.db');
  copyFileSync(at(WHOLE), copy);
  for (const statement of statements.split(';')) query(copy, statement);
  return (await verify('--database', copy, ...argv)).findings;
}

/** The same after one statement, which may have semicolons of its own. */
async function spoiledBy(statement: string): Promise<unknown[]> {
  const copy = at('spoiled.db');
  copyFileSync(at(WHOLE), copy);
  query(copy, statement);
  return (await verify('--database', copy)).findings;
}

beforeAll(async () => {
  service = await startService();
  ({ sign } = await service.provision({ id: 'payments' }));
  for (let count = 0; count < 3; count += 1) {
    await service.data('POST', '/v1/scopes/payments/tokens', sign, { claims: { sub: 'alice' } });
  }
  await service.operations('POST', '/v1/admin/clients', { id: 'web', description: '' });
  await service.operations('POST', '/v1/admin/clients/web/revoke');
  await service.operations('POST', '/v1/admin/revocations', { client: 'web', reason: 'test' });
  await service.stop();
  query(at('keyward.db'), 'PRAGMA wal_checkpoint(TRUNCATE)');
  query(at('keyward.db'), `VACUUM INTO '${at(WHOLE)}'`);
}, DEADLINE_MS);

afterAll(() => service.remove());

describe('a trail as it was written', () => {
  it('verifies from the database, from an export and from the sink', async () => {
    const { counts, ...report } = await verify();
    expect(report).toMatchObject({ exitCode: 0, sound: true, findings: [] });
    expect(counts.events).toBeGreaterThan(8);
    expect(counts.checkpoints).toBeGreaterThan(0);
    expect(counts.groups).toBeGreaterThan(0);

    const environment = { configFile: service.configFile };
    const argv = ['audit', 'export', '--ledger', '--out', at('export.jsonl')];
    expect((await keyward(argv, { environment })).exitCode).toBe(0);
    expect(readFileSync(at('export.jsonl'), 'utf8')).not.toContain('alice');
    const { events, checkpoints, groups } = counts;
    const exported = await verify('--file', at('export.jsonl'));
    expect(exported).toMatchObject({ exitCode: 0, sound: true });
    expect(exported.counts).toMatchObject({ events, checkpoints, groups, revocations: null });

    const sink = await verify('--file', at('audit.jsonl'));
    expect(sink).toMatchObject({ exitCode: 0, sound: true, counts: { events, checkpoints } });
  });

  it('holds every checkpoint that was kept', async () => {
    expect(await verify('--checkpoint', at('audit.jsonl'))).toMatchObject({ exitCode: 0, findings: [] });
  });
});

describe('a trail that was tampered with', () => {
  it.each([
    [
      'an event changed',
      `UPDATE audit_events SET actor = 'mallory' WHERE sequence = 5`,
      'bad_row',
      'event 5',
    ],
    ['an event taken out', 'DELETE FROM audit_events WHERE sequence = 5', 'gap', 'event 5'],
    [
      'two events swapped',
      `UPDATE audit_events SET sequence = -5 WHERE sequence = 5; UPDATE audit_events SET sequence = 5 WHERE sequence = 6;
       UPDATE audit_events SET sequence = 6 WHERE sequence = -5`,
      'bad_row',
      'event 5',
    ],
    [
      'an event put in at the end',
      `INSERT INTO audit_events (sequence, time, type, actor, subject, request_id, details_json, hash)
       SELECT sequence + 1, time, type, actor, subject, request_id, details_json, zeroblob(32)
       FROM audit_events ORDER BY sequence DESC LIMIT 1`,
      'bad_row',
      undefined,
    ],
  ])('names %s', async (_, statements, fault, place) => {
    const findings = await spoiled(statements);
    expect(findings).toContainEqual(
      expect.objectContaining({ part: 'audit', fault, ...(place ? { place } : {}) }),
    );
  });

  it('names an end that was cut off, by the checkpoint that saw it', async () => {
    const last = query(at(WHOLE), 'SELECT max(sequence) AS last FROM audit_events')[0]?.last as number;
    expect(await spoiled(`DELETE FROM audit_events WHERE sequence = ${last}`)).toEqual([
      {
        part: 'audit',
        fault: 'truncated',
        place: `event ${last}`,
        detail: expect.stringContaining(`ends at ${last - 1}, but checkpoint`),
      },
    ]);
  });

  it('names an end that was cut off with its checkpoints, by one that was kept', async () => {
    const cut = `DELETE FROM audit_events WHERE sequence > 4; DELETE FROM checkpoints WHERE number > 1`;
    const findings = await spoiled(cut, '--checkpoint', at('audit.jsonl'));
    expect(findings).toContainEqual(expect.objectContaining({ part: 'checkpoints', fault: 'truncated' }));
    expect(findings).toContainEqual(expect.objectContaining({ part: 'audit', fault: 'truncated' }));
  });

  it('names a trail that was cut off with its checkpoints, by the sink that the configuration names', async () => {
    const cut = `DELETE FROM audit_events WHERE sequence > 4; DELETE FROM checkpoints WHERE number > 1`;
    const kinds = async (...argv: string[]) =>
      ((await spoiled(cut, ...argv)) as { part: string; fault: string }[]).map(({ part, fault }) => [
        part,
        fault,
      ]);
    expect(await kinds()).toEqual(
      expect.arrayContaining([
        ['checkpoints', 'truncated'],
        ['audit', 'truncated'],
      ]),
    );
    expect(await kinds('--no-sinks')).not.toContainEqual(['checkpoints', 'truncated']);
  });

  it('fails where there is no checkpoint, and says how much none covers', async () => {
    const copy = at('uncovered.db');
    copyFileSync(at(WHOLE), copy);
    query(copy, 'DELETE FROM checkpoints RETURNING 1');
    const found = await verify('--database', copy, '--no-sinks');
    const { events, groups } = found.counts;
    expect(found).toMatchObject({
      exitCode: 1,
      sinks: [],
      uncovered: { events, groups, since: null },
    });
    expect(found.findings).toContainEqual(
      expect.objectContaining({ part: 'checkpoints', fault: 'gap', place: 'checkpoint 1' }),
    );
  });

  it.each([
    ['a trigger', 'CREATE TRIGGER quiet AFTER INSERT ON readiness BEGIN SELECT 1; END', 'trigger "quiet"'],
    ['a view', 'CREATE VIEW spare AS SELECT * FROM revocations', 'view "spare"'],
    ['an index that is gone', 'DROP INDEX issuance_records_slot', 'index "issuance_records_slot"'],
  ])('names %s', async (_, statement, named) => {
    const [finding, ...others] = (await spoiledBy(statement)) as { detail: string }[];
    expect(others).toEqual([]);
    expect(finding).toMatchObject({ part: 'database', fault: 'refused', place: 'schema' });
    expect(finding?.detail).toContain(named);
  });

  it.each([
    ['a table', `CREATE TABLE "${HOSTILE}" (id INTEGER)`],
    ['a run', `UPDATE runs SET id = '${HOSTILE}' || id RETURNING 1`],
  ])(
    'names %s whose name a terminal would obey, and the terminal obeys nothing of it',
    async (_, statement) => {
      const copy = at('hostile.db');
      copyFileSync(at(WHOLE), copy);
      query(copy, statement);
      for (const format of [[], ['--json']]) {
        const argv = ['audit', 'verify', '--database', copy, ...format];
        const { exitCode, out, err } = await keyward(argv, {
          environment: { configFile: service.configFile },
        });
        expect(exitCode).toBe(1);
        expect(out).toContain('[2Jgone');
        expect(out + err).not.toMatch(/(?![\n\t])[\p{C}\p{Zl}\p{Zp}]/u);
      }
    },
  );

  it.each([
    ['a place of notifications behind the last event', 'INSERT INTO notification_place VALUES (1, 9999999)'],
    ['a sink that is said to have more', 'UPDATE audit_deliveries SET audit_sequence = 9999999'],
  ])('names %s', async (_, statement) => {
    expect(await spoiledBy(`${statement.replace('INSERT', 'INSERT OR REPLACE')}`)).toContainEqual(
      expect.objectContaining({ part: 'notifications', fault: 'bad_row' }),
    );
  });

  it('names personal values of records that are gone without an erasure', async () => {
    const gone = 'UPDATE issuance_records SET salt = NULL, subject = NULL, root = NULL WHERE sequence = 1';
    expect(await spoiledBy(gone)).toContainEqual(
      expect.objectContaining({ part: 'audit', fault: 'truncated', place: 'erasures' }),
    );
  });

  it.each([
    ['taken out', 'DELETE FROM checkpoints WHERE number = 1', 'gap'],
    ['changed', `UPDATE checkpoints SET jws = replace(jws, '.', 'A.') WHERE number = 1`, 'bad_signature'],
    ['given another time', 'UPDATE checkpoints SET created_at = created_at + 1 WHERE number = 1', 'bad_row'],
  ])('names a checkpoint %s', async (_, statement, fault) => {
    expect(await spoiled(statement)).toContainEqual(
      expect.objectContaining({ part: 'checkpoints', fault, place: 'checkpoint 1' }),
    );
  });

  it.each([
    ['a record changed', `UPDATE issuance_records SET subject = 'bob' WHERE sequence = 1`, 'group 1'],
    ['a record taken out', 'DELETE FROM issuance_records WHERE sequence = 1', 'group 1'],
    ['a group taken out', 'DELETE FROM ledger_groups WHERE sequence = 1', 'group 1'],
  ])('names %s', async (_, statement, place) => {
    expect(await spoiled(statement)).toContainEqual(expect.objectContaining({ part: 'ledger', place }));
  });

  it('names a line that was changed in an export', async () => {
    const environment = { configFile: service.configFile };
    const file = at('changed.jsonl');
    await keyward(['audit', 'export', '--out', file], { environment });
    writeFileSync(file, readFileSync(file, 'utf8').replace('"actor":"operator"', '"actor":"mallory"'));
    const { exitCode, findings } = await verify('--file', file);
    expect(exitCode).toBe(1);
    expect(findings).toContainEqual(expect.objectContaining({ part: 'audit', fault: 'bad_row' }));
  });

  it('believes no key but the one that the configuration names', async () => {
    const environment = { configFile: service.configFile };
    const other = 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs';
    const argv = ['audit', 'verify', '--audit-key', other, '--json'];
    const { exitCode, err } = await keyward(argv, { environment });
    expect([exitCode, JSON.parse(err).code]).toEqual([1, 'invalid_config']);
  });
});

describe('a database that is older than its sink', { timeout: DEADLINE_MS }, () => {
  it('serves nothing, with its own code, and the newer one does', async () => {
    const [database, newer] = [at('keyward.db'), at('newer.db')];
    service = await service.restart();
    await service.operations('POST', '/v1/admin/clients', { id: 'late', description: '' });
    await service.stop();
    query(database, 'PRAGMA wal_checkpoint(TRUNCATE)');
    renameSync(database, newer);
    copyFileSync(at(WHOLE), database);
    service = await service.restart();
    expect((await service.data('GET', '/v1/checkpoints/latest')).body.code).toBe('database_restored');
    await service.stop();
    renameSync(newer, database);
    service = await service.restart();
    await service.stop();
  });

  it('is not what half a line in the sink means, which a crash leaves', async () => {
    appendFileSync(at('audit.jsonl'), '{"event":{"sequence":9');
    service = await service.restart();
    await service.stop();
    expect(readFileSync(at('audit.jsonl'), 'utf8')).toContain('{"event":{"sequence":9\n');
  });
});
