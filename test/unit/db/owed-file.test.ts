import { existsSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OwedFile } from '../../../src/db/owed-file.ts';
import { KEYWARD } from '../../../src/kernel/actor.ts';
import { actOf } from '../../../src/kernel/audit.ts';
import { createRunKey, type RunKey, type RunPublicKey } from '../../../src/kernel/audit-chain.ts';
import { folderOfTest } from '../../support/folder-of-test.ts';

const NOON = 1_760_000_000;
const compromise = (kid: string) => actOf(KEYWARD, 'key.compromised', `key:${kid}`, { why: 'seen' });
const [FIRST, SECOND] = [compromise('k1'), compromise('k2')];

function counting(...runs: RunPublicKey[]) {
  return { find: async (id: string) => runs.find((run) => run.id === id) };
}

/** As one process after another has it, on one host. */
function host() {
  const archiveDir = join(folderOfTest(), 'ledger-archive');
  const run = createRunKey(NOON);
  const opened = (by: RunKey = run) => new OwedFile(archiveDir, by);
  return { file: `${archiveDir}.owed`, run, opened };
}

describe('what is owed to standbys', () => {
  it('is known to the next process in its order, until it is in force', async () => {
    const { file, run, opened } = host();
    const killed = opened();
    killed.add(FIRST);
    killed.add(SECOND);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const next = opened(createRunKey(NOON));
    const left = await next.leftBehind(counting(run));
    expect([next.hasLeftBehind, left]).toEqual([true, { events: [FIRST, SECOND], flaw: undefined }]);
    next.settle(left.events);
    expect(next.hasLeftBehind).toBe(false);
    expect(existsSync(file)).toBe(false);
  });

  it('is no longer there once standbys have it; of others it is', async () => {
    const { file, run, opened } = host();
    const owed = opened();
    owed.add(FIRST);
    owed.add(SECOND);
    owed.remove(FIRST);
    owed.remove(FIRST);
    expect((await opened().leftBehind(counting(run))).events).toEqual([SECOND]);
    owed.remove(SECOND);
    expect(existsSync(file)).toBe(false);
    expect(await opened().leftBehind(counting(run))).toEqual({ events: [], flaw: undefined });
  });

  it('stays beside what the next process owes itself', async () => {
    const { run, opened } = host();
    opened().add(FIRST);
    const later = createRunKey(NOON);
    const next = opened(later);
    next.add(SECOND);
    expect((await opened().leftBehind(counting(run, later))).events).toEqual([FIRST, SECOND]);
    next.settle((await next.leftBehind(counting(run))).events);
    expect((await opened().leftBehind(counting(run, later))).events).toEqual([SECOND]);
  });

  it('is left behind where another front was in the way, for this process and for the next', async () => {
    const { file, run, opened } = host();
    const owed = opened();
    owed.add(FIRST);
    owed.add(SECOND);
    expect([owed.hasLeftBehind, await owed.leftBehind(counting(run))]).toEqual([
      false,
      { events: [], flaw: undefined },
    ]);
    owed.lose(FIRST);
    const left = await owed.leftBehind(counting());
    expect([owed.hasLeftBehind, left]).toEqual([true, { events: [FIRST], flaw: undefined }]);
    expect((await opened().leftBehind(counting(run))).events).toEqual([FIRST, SECOND]);
    owed.lose(SECOND);
    owed.settle(left.events);
    expect((await owed.leftBehind(counting())).events).toEqual([SECOND]);
    expect((await opened().leftBehind(counting(run))).events).toEqual([SECOND]);
    owed.settle((await owed.leftBehind(counting())).events);
    expect([owed.hasLeftBehind, existsSync(file)]).toEqual([false, false]);
  });

  it('stays left behind where it cannot be written down that it is settled', async () => {
    const { file, run, opened } = host();
    opened().add(FIRST);
    const next = opened(createRunKey(NOON));
    const { events } = await next.leftBehind(counting(run));
    rmSync(file);
    mkdirSync(join(file, 'in the way'), { recursive: true });
    expect(() => next.settle(events)).toThrow();
    expect(next.hasLeftBehind).toBe(true);
    rmSync(file, { recursive: true });
    next.settle(events);
    expect([next.hasLeftBehind, existsSync(file)]).toEqual([false, false]);
  });

  it('is settled one by one', async () => {
    const { run, opened } = host();
    const killed = opened();
    killed.add(FIRST);
    killed.add(SECOND);
    const next = opened(createRunKey(NOON));
    const { events } = await next.leftBehind(counting(run));
    next.settle(events.slice(1));
    expect((await next.leftBehind(counting(run))).events).toEqual([FIRST]);
    expect((await opened().leftBehind(counting(run))).events).toEqual([FIRST]);
  });

  it('counts for nothing where no run of the service sealed it, or somebody changed it', async () => {
    const { file, run, opened } = host();
    opened().add(FIRST);
    expect(await opened().leftBehind(counting())).toEqual({
      events: [],
      flaw: 'no run of the service sealed it',
    });
    const line = readFileSync(file, 'utf8');
    writeFileSync(file, `${line}${line.replace('k1', 'k9')}`);
    const { events, flaw } = await opened().leftBehind(counting(run));
    expect(events).toEqual([FIRST]);
    expect(flaw).toBe('no run of the service sealed it');
  });

  it('is nothing of what else may stand there', async () => {
    const { file, run, opened } = host();
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), fc.json()), async (text) => {
        writeFileSync(file, text);
        const { events, flaw } = await opened().leftBehind(counting(run));
        expect(events).toEqual([]);
        expect(flaw === undefined).toBe(text.split('\n').every((line) => line === ''));
      }),
    );
  });

  it.each([
    ['a folder', (file: string) => mkdirSync(file)],
    ['a link', (file: string) => symlinkSync('/etc/hostname', file)],
    ['too long', (file: string) => writeFileSync(file, Buffer.alloc(4 * 1024 * 1024 + 1))],
  ])('keeps a process from starting where it is %s', (_, make) => {
    const { file, opened } = host();
    make(file);
    expect(() => opened()).toThrow(expect.objectContaining({ code: 'store_unavailable' }));
  });
});
