import {
  appendFileSync,
  existsSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { StateLog } from '../../../src/signer/state/state-log.ts';
import { folderOfTest } from '../../support/folder-of-test.ts';

const NO_LOCK = { take: () => {} };

let path: string;
beforeEach(() => {
  path = join(folderOfTest(), 'versions.jsonl');
});

const open = () => new StateLog(path, z.int(), NO_LOCK);
const entries = () => Object.fromEntries(open().entries());
const lines = () => readFileSync(path, 'utf8').split('\n').slice(0, -1);

describe('what was written', () => {
  it('is there for the next process, the last of each name, in the order in which names came', () => {
    const log = open();
    expect([log.exists, [...log.entries()]]).toEqual([false, []]);
    log.put('b', 1);
    log.put('a', 1);
    log.put('b', 2);
    log.put('c', 1);
    log.put('a', null);
    expect([...log.entries()]).toEqual([
      ['b', 2],
      ['c', 1],
    ]);
    expect([open().exists, [...open().entries()]]).toEqual([true, [...log.entries()]]);
    expect(lines()).toHaveLength(5);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('is seen by a process that has only read', () => {
    const [writer, reader] = [open(), open()];
    writer.put('a', 1);
    expect(Object.fromEntries(reader.entries())).toEqual({ a: 1 });
    writer.put('a', 2);
    expect(Object.fromEntries(reader.entries())).toEqual({ a: 2 });
  });

  it('is written anew once most of it counts no more', () => {
    open().put('a', 1);
    appendFileSync(path, '["a",2]\n'.repeat(1_001));
    const log = open();
    log.put('a', 3);
    expect(lines()).toHaveLength(1_003);
    log.put('a', 4);
    expect(lines()).toEqual(['["a",4]']);
  });
});

describe('a line that a crash cut short', () => {
  it('does not count, and the next one does', () => {
    open().put('a', 1);
    appendFileSync(path, '["b",');
    expect(entries()).toEqual({ a: 1 });
    open().put('c', 1);
    expect(entries()).toEqual({ a: 1, c: 1 });
  });
});

describe('a file that somebody else took away or changed', () => {
  it('is written again with all that this process knows', () => {
    const log = open();
    log.put('a', 1);
    writeFileSync(path, '');
    log.put('b', 1);
    expect(entries()).toEqual({ a: 1, b: 1 });
  });

  it('is read again though it is as long as before', () => {
    const [writer, reader] = [open(), open()];
    writer.put('a', 1);
    expect(Object.fromEntries(reader.entries())).toEqual({ a: 1 });
    const { ctimeNs, ino } = statSync(path, { bigint: true });
    // The clock of a file system may have long ticks.
    do writeFileSync(path, '["a",2]\n');
    while (statSync(path, { bigint: true }).ctimeNs === ctimeNs);
    expect(statSync(path, { bigint: true }).ino).toBe(ino);
    expect(Object.fromEntries(reader.entries())).toEqual({ a: 2 });
  });

  it.each([
    ['by another file', (other: string) => renameSync(other, path)],
    [
      'by a link',
      (other: string) => {
        rmSync(path);
        symlinkSync(other, path);
      },
    ],
  ])('is written again where it was replaced %s of the same length', (_, replace) => {
    const log = open();
    log.put('a', 1);
    const other = join(folderOfTest(), 'other');
    writeFileSync(other, '["a",2]\n');
    replace(other);
    log.put('b', 1);
    expect(entries()).toEqual({ a: 1, b: 1 });
    if (existsSync(other)) expect(readFileSync(other, 'utf8')).toBe('["a",2]\n');
  });

  it('is refused where it is a link', () => {
    const target = join(folderOfTest(), 'target');
    writeFileSync(target, '["a",2]\n');
    symlinkSync(target, path);
    expect(entries).toThrow(expect.objectContaining({ code: 'invalid_config' }));
    renameSync(target, path);
    expect(entries()).toEqual({ a: 2 });
  });

  it.each([['no JSON'], ['{"a":1}'], ['["a","one"]'], ['["a"]'], ['["a",1.5]']])(
    'is refused where a whole line is %s',
    (line) => {
      open().put('a', 1);
      appendFileSync(path, `${line}\n`);
      const refusal = expect.objectContaining({ code: 'invalid_config' });
      expect(() => open().entries()).toThrow(refusal);
      expect(() => open().put('b', 1)).toThrow(refusal);
      expect(existsSync(path)).toBe(true);
    },
  );
});
