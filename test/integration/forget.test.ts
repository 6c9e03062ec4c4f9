import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, it, onTestFinished } from 'vitest';
import { folderOfTest } from '../support/folder-of-test.ts';
import { createForgetting, type Forgetting } from '../support/forget.ts';
import { query } from '../support/store-database.ts';

let folder: string;
let forgetting: Forgetting;

beforeEach(async () => {
  folder = join(folderOfTest(), 'files');
  mkdirSync(folder);
  forgetting = await createForgetting(folder);
  onTestFinished(() => forgetting.remove());
});

/** Runs the program in the folder, which it must end itself, and then forgets. */
function runAndForget(program: string, environment: Record<string, string> = {}) {
  const prelude = `const fs = require('node:fs'); process.chdir(${JSON.stringify(folder)});
    const at = (name) => require('node:path').resolve(name);
    const die = () => process.kill(process.pid, 'SIGKILL');
    const sync = (path) => { const fd = fs.openSync(path, 'r'); fs.fsyncSync(fd); fs.closeSync(fd); };`;
  const { signal, stderr } = spawnSync(process.execPath, ['--no-warnings', '-e', prelude + program], {
    env: { ...process.env, ...forgetting.environment, ...environment },
    encoding: 'utf8',
  });
  expect([signal, stderr]).toStrictEqual(['SIGKILL', '']);
  return forgetting.undo();
}

const text = (name: string) => readFileSync(join(folder, name), 'utf8');

it('takes back exactly what was written since the last sync', () => {
  const undone = runAndForget(`
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
  const undone = runAndForget(`
    fs.writeFileSync(at('a'), 'hello'); sync(at('a')); sync(at('.')); die();`);
  expect(undone).toStrictEqual({ writes: 0, names: 0 });
  expect(text('a')).toBe('hello');
});

it('takes back names that the folder was not synced with', () => {
  runAndForget(`
    for (const name of ['kept', 'removed', 'moved', 'replaced']) fs.writeFileSync(at(name), name, { flush: true });
    sync(at('.')); die();`);
  runAndForget(`
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
  runAndForget(`${COMMIT_TWICE} db.exec('INSERT INTO t VALUES (2)'); die();`);
  expect(query(join(folder, 'db'), 'SELECT x FROM t')).toStrictEqual([{ x: 1 }, { x: 2 }]);
  runAndForget(`
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
  runAndForget(`${COMMIT_TWICE} die();`);
  const more = (level: string) => `
    const { DatabaseSync } = require('node:sqlite');
    const db = new DatabaseSync(at('db'));
    db.exec('PRAGMA synchronous = ${level}; INSERT INTO t VALUES (2)'); die();`;
  runAndForget(more('FULL'), { KEYWARD_FORGET_IGNORE_FSYNC: '1' });
  expect(kept()).toStrictEqual([{ x: 1 }]);
  runAndForget(more('OFF'));
  expect(kept()).toStrictEqual([{ x: 1 }]);
  runAndForget(more('FULL'));
  expect(kept()).toStrictEqual([{ x: 1 }, { x: 2 }]);
});

it('dies at the deed that it was told, so that what came before is there to be forgotten', () => {
  const program = `const fd = fs.openSync(at('a'), 'a'); sync(at('.'));
    for (const letter of 'abc') { fs.writeSync(fd, letter); fs.fsyncSync(fd); } die();`;
  const dyingAt = (n: number) => runAndForget(program, { KEYWARD_FORGET_DIE_AT: String(n) });
  expect(dyingAt(2)).toStrictEqual({ writes: 0, names: 1 });
  expect(readdirSync(folder)).toStrictEqual([]);
  expect(dyingAt(4)).toStrictEqual({ writes: 1, names: 0 });
  expect(text('a')).toBe('');
  expect(dyingAt(4)).toStrictEqual({ writes: 1, names: 0 });
  expect(text('a')).toBe('a');
});
