import { closeSync, openSync } from 'node:fs';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { createDescriptorWatch, type Descriptors, ownDescriptors } from '../../../src/health/descriptors.ts';

const WHY = 'nine tenths of the 100 file descriptors are in use';

function watched() {
  const told: string[] = [];
  const now: { measure: () => Descriptors } = { measure: () => ({ open: 0, limit: 100 }) };
  const look = createDescriptorWatch({
    outages: { happened: (_, why) => void told.push(why), passed: () => void told.push('over') },
    log: pino({ level: 'silent' }),
    measure: () => now.measure(),
  });
  const see = async (open: number, limit = 100) => {
    now.measure = () => ({ open, limit });
    await look();
  };
  const fail = async (code: string) => {
    now.measure = () => {
      throw Object.assign(new Error(code), { code });
    };
    await look();
  };
  return { told, see, fail };
}

it('tells once when nine tenths are in use, and anew once fewer than eight were', async () => {
  const { told, see } = watched();
  await see(89);
  expect(told).toEqual([]);
  await see(90);
  await see(100);
  await see(80);
  expect(told).toEqual([WHY]);
  await see(79);
  await see(95);
  expect(told).toEqual([WHY, 'over', WHY]);
});

it('tells when the limit is lowered below what is open, and not where there is none', async () => {
  const { told, see } = watched();
  await see(50, Infinity);
  expect(told).toEqual([]);
  await see(50, 8);
  expect(told).toEqual(['nine tenths of the 8 file descriptors are in use']);
});

it.each([
  ['EMFILE', 'EMFILE: the process has no file descriptor left'],
  ['ENFILE', 'ENFILE: the machine has no file descriptor left'],
])('takes %s while it looks for what it is, and no other failure', async (code, why) => {
  const { told, fail } = watched();
  await fail(code);
  expect(told).toEqual([why]);
  await expect(fail('EACCES')).rejects.toThrow('EACCES');
});

it('counts those of this process', () => {
  const measure = ownDescriptors();
  const before = measure();
  expect(before.open).toBeGreaterThan(3);
  expect(before.limit).toBeGreaterThan(before.open);
  const opened = Array.from({ length: 50 }, () => openSync('/dev/null', 'r'));
  const { open } = measure();
  for (const fd of opened) closeSync(fd);
  expect(open).toBeGreaterThanOrEqual(before.open + 40);
});
