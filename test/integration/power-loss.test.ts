import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, it, onTestFinished } from 'vitest';
import { folderOfTest } from '../support/folder-of-test.ts';
import { createPowerLoss, type PowerLoss } from '../support/power-loss.ts';
import { query } from '../support/store-database.ts';

let folder: string;
let powerLoss: PowerLoss;

beforeEach(async () => {
  folder = join(folderOfTest(), 'files');
  mkdirSync(folder);
  powerLoss = await createPowerLoss(folder);
  onTestFinished(() => powerLoss.remove());
});

/** Runs the program in the folder, which it must end itself, and then forgets. */
function runAndLosePower(program: string, environment: Record<string, string> = {}) {
  const prelude = `const fs = require('node:fs'); process.chdir(${JSON.stringify(folder)});
    const at = (name) => require('node:path').resolve(name);
    const die = () => process.kill(process.pid, 'SIGKILL');
    const sync = (path) => { const fd = fs.openSync(path, 'r'); fs.fsyncSync(fd); fs.closeSync(fd); };`;
  const { signal, stderr } = spawnSync(process.execPath, ['--no-warnings', '-e', prelude + program], {
    env: { ...process.env, ...powerLoss.environment, ...environment },
    encoding: 'utf8',
  });
  expect([signal, stderr]).toStrictEqual(['SIGKILL', '']);
  return powerLoss.undo();
}

const text = (name: string) => readFileSync(join(folder, name), 'utf8');

it('takes back exactly what was written since the last sync', () => {
  const undone = runAndLosePower(`
    const fd = fs.openSync(at('a'), 'w+'); sync(at('.'));
    fs.writeSync(fd, 'hello world'); fs.fsyncSync(fd);
    fs.writeSync(fd, 'HELLO', 0); fs.writeSync(fd, ', and more', 11); fs.ftruncateSync(fd, 3); fs.writeSync(fd, 'p', 3);
    const other = fs.openSync(at('b'), 'a'); sync(at('.'));
    fs.appendFileSync(other, 'kept\\n'); fs.fdatasyncSync(other); fs.appendFileSync(other, 'lost\\n');
    die();`);
  expect(undone).toStrictEqual({ writes: 5, names: 0 });
  expect([text('a'), text('b')]).toStrictEqual(['hello world', 'kept\n']);
});

it('leaves what was synced alone', () => {
  const undone = runAndLosePower(`
    fs.writeFileSync(at('a'), 'hello'); sync(at('a')); sync(at('.')); die();`);
  expect(undone).toStrictEqual({ writes: 0, names: 0 });
  expect(text('a')).toBe('hello');
});

it('takes back names that the folder was not synced with', () => {
  runAndLosePower(`
    for (const name of ['kept', 'removed', 'moved', 'replaced']) fs.writeFileSync(at(name), name, { flush: true });
    sync(at('.')); die();`);
  runAndLosePower(`
    fs.writeFileSync(at('new'), 'new', { flush: true }); fs.unlinkSync(at('removed'));
    fs.renameSync(at('moved'), at('replaced')); fs.writeFileSync(at('kept'), 'emptied first'); die();`);
  expect(readdirSync(folder).sort()).toStrictEqual(['kept', 'moved', 'removed', 'replaced']);
  for (const name of readdirSync(folder)) expect(text(name)).toBe(name);
});

const COMMIT_TWICE = `
  const { DatabaseSync } = require('node:sqlite');
  const db = new DatabaseSync(at('db'));
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE t (x)');
  db.exec('INSERT INTO t VALUES (1)');`;

it('loses no commit of SQLite with synchronous=FULL, also in the middle of a checkpoint', () => {
  runAndLosePower(`${COMMIT_TWICE} db.exec('INSERT INTO t VALUES (2)'); die();`);
  expect(query(join(folder, 'db'), 'SELECT x FROM t')).toStrictEqual([{ x: 1 }, { x: 2 }]);
  runAndLosePower(`
    const { DatabaseSync } = require('node:sqlite');
    const db = new DatabaseSync(at('db'));
    db.exec('PRAGMA synchronous = FULL; INSERT INTO t VALUES (3); PRAGMA wal_checkpoint(TRUNCATE)');
    db.exec('INSERT INTO t VALUES (4)'); db.exec('BEGIN; INSERT INTO t VALUES (5)'); die();`);
  expect(query(join(folder, 'db'), 'SELECT x FROM t').map((row) => (row as { x: number }).x)).toStrictEqual([
    1, 2, 3, 4,
  ]);
});

it('loses the commits of SQLite where a sync does nothing, and those with synchronous=OFF', () => {
  const kept = () => (existsSync(join(folder, 'db')) ? query(join(folder, 'db'), 'SELECT x FROM t') : []);
  runAndLosePower(`${COMMIT_TWICE} die();`);
  const more = (level: string) => `
    const { DatabaseSync } = require('node:sqlite');
    const db = new DatabaseSync(at('db'));
    db.exec('PRAGMA synchronous = ${level}; INSERT INTO t VALUES (2)'); die();`;
  runAndLosePower(more('FULL'), { FORGET_IGNORE_FSYNC: '1' });
  expect(kept()).toStrictEqual([{ x: 1 }]);
  runAndLosePower(more('OFF'));
  expect(kept()).toStrictEqual([{ x: 1 }]);
  runAndLosePower(more('FULL'));
  expect(kept()).toStrictEqual([{ x: 1 }, { x: 2 }]);
});

it('dies at the deed that it was told, so that what came before is there to be forgotten', () => {
  const program = `const fd = fs.openSync(at('a'), 'a'); sync(at('.'));
    for (const letter of 'abc') { fs.writeSync(fd, letter); fs.fsyncSync(fd); } die();`;
  const dyingAt = (n: number) => runAndLosePower(program, { FORGET_DIE_AT: String(n) });
  expect(dyingAt(2)).toStrictEqual({ writes: 0, names: 1 });
  expect(readdirSync(folder)).toStrictEqual([]);
  expect(dyingAt(4)).toStrictEqual({ writes: 1, names: 0 });
  expect(text('a')).toBe('');
  expect(dyingAt(4)).toStrictEqual({ writes: 1, names: 0 });
  expect(text('a')).toBe('a');
});
