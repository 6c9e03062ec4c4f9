import { closeSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { expect, it, onTestFinished } from 'vitest';
import { LogOutlet, toFile, toReader } from '../../../src/lib/log-outlet.ts';
import { canMount, smallDisk, takeAllSpace } from '../../support/small-disk.ts';

function watched(outlet: LogOutlet) {
  const told: (string | number)[] = [];
  outlet.watch({ failing: (why) => told.push(why), works: (lost) => told.push(lost) });
  return told;
}

it.skipIf(!canMount())(
  'loses lines while the disk is full, counts them, and begins anew behind a cut one',
  () => {
    const disk = smallDisk();
    const file = join(disk, 'log');
    const fd = openSync(file, 'a');
    onTestFinished(() => closeSync(fd));
    const outlet = new LogOutlet(toFile(fd));
    const told = watched(outlet);
    outlet.write('first\n');
    takeAllSpace(join(disk, 'ballast'));
    const long = `${'x'.repeat(10_000)}\n`;
    for (let line = 0; line < 3; line++) outlet.write(long);
    expect([outlet.lost, told]).toEqual([3, [expect.stringContaining('ENOSPC')]]);
    rmSync(join(disk, 'ballast'));
    outlet.write('last\n');
    expect(told.at(-1)).toBe(3);
    const lines = readFileSync(file, 'utf8').split('\n');
    expect([lines[0], lines.at(-2), lines.at(-1)]).toEqual(['first', 'last', '']);
  },
);

it('loses what a reader who reads nothing has no room for, and goes on when it reads', async () => {
  const taken: (() => void)[] = [];
  const stream = new Writable({ write: (_chunk, _encoding, done) => void taken.push(done) });
  const outlet = new LogOutlet(toReader(stream as unknown as NodeJS.WriteStream, 10));
  const told = watched(outlet);
  for (let line = 0; line < 5; line++) outlet.write('12345678\n');
  expect([outlet.lost, told]).toEqual([3, ['nobody reads the log']]);
  for (let line = 0; line < 2; line++) {
    await expect.poll(() => taken.length).toBe(line + 1);
    taken[line]?.();
  }
  await expect.poll(() => told).toEqual(['nobody reads the log', 3]);
});

it('loses lines when the reader is gone, and nothing else', async () => {
  const stream = new Writable({ write: (_chunk, _encoding, done) => done(new Error('EPIPE')) });
  const outlet = new LogOutlet(toReader(stream as unknown as NodeJS.WriteStream));
  const told = watched(outlet);
  for (let line = 0; line < 3; line++) outlet.write('a\n');
  await expect.poll(() => outlet.lost).toBe(3);
  expect(told).toEqual(['EPIPE']);
});
