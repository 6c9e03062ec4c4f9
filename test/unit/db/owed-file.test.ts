import { existsSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OwedFile } from '../../../src/db/owed-file.ts';
import { KEYWARD } from '../../../src/kernel/actor.ts';
import { actOf } from '../../../src/kernel/audit.ts';
import { createRunKey, type RunKey, type RunPublicKey } from '../../../src/kernel/audit-chain.ts';
import { KeywardError } from '../../../src/kernel/errors.ts';
import { folderOfTest } from '../../support/folder-of-test.ts';

const NOON = 1_760_000_000;
const compromise = (kid: string) =>
  actOf(KEYWARD, 'key.compromised', `key:${kid}`, { why: 'seen', scope: 'payments' });
const [FIRST, SECOND] = [compromise('k1'), compromise('k2')];
const ALL_COUNT = { count: 0, named: [] };

function counting(...runs: RunPublicKey[]) {
  return { find: async (id: string) => runs.find((run) => run.id === id) };
}

/** As one process after another has it, on one host. */
function host() {
  const archiveDir = join(folderOfTest(), 'ledger-archive');
  const file = `${archiveDir}.owed`;
  const opened = (by: RunKey = createRunKey(NOON)) => new OwedFile(archiveDir, by);
  const lines = () =>
    existsSync(file)
      ? readFileSync(file, 'utf8')
          .split('\n')
          .filter((line) => line !== '')
      : [];
  return { file, run: createRunKey(NOON), opened, lines };
}

describe('what is owed to standbys', () => {
  it('is known to the next process in its order, until it is in force', async () => {
    const { file, run, opened } = host();
    const killed = opened(run);
    killed.keep(FIRST);
    killed.keep(SECOND);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const next = opened();
    const left = await next.leftBehind(counting(run));
    expect([next.leftCount, left]).toEqual([2, { events: [FIRST, SECOND], unvouched: ALL_COUNT }]);
    next.settle(left.events, true);
    expect([next.leftCount, next.hasSettled, existsSync(file)]).toEqual([0, false, false]);
  });

  it('is no longer there once standbys have it; of others it is', async () => {
    const { file, run, opened } = host();
    const owed = opened(run);
    owed.keep(FIRST);
    owed.keep(SECOND);
    owed.settle([FIRST], true);
    owed.settle([FIRST], true);
    expect((await opened().leftBehind(counting(run))).events).toEqual([SECOND]);
    owed.settle([SECOND], true);
    expect(existsSync(file)).toBe(false);
    expect(await opened().leftBehind(counting(run))).toEqual({ events: [], unvouched: ALL_COUNT });
  });

  it('stays beside what the next process owes itself', async () => {
    const { run, opened } = host();
    opened(run).keep(FIRST);
    const later = createRunKey(NOON);
    const next = opened(later);
    next.keep(SECOND);
    expect((await opened().leftBehind(counting(run, later))).events).toEqual([FIRST, SECOND]);
    next.settle((await next.leftBehind(counting(run))).events, true);
    expect((await opened().leftBehind(counting(run, later))).events).toEqual([SECOND]);
  });

  it('is left behind where another front was in the way, for this process and for the next', async () => {
    const { file, run, opened } = host();
    const owed = opened(run);
    owed.keep(FIRST);
    owed.keep(SECOND);
    expect([owed.leftCount, (await owed.leftBehind(counting())).events]).toEqual([0, []]);
    owed.lose(FIRST);
    const left = await owed.leftBehind(counting());
    expect([owed.leftCount, left]).toEqual([1, { events: [FIRST], unvouched: ALL_COUNT }]);
    expect((await opened().leftBehind(counting(run))).events).toEqual([FIRST, SECOND]);
    owed.lose(SECOND);
    owed.settle(left.events, true);
    expect((await owed.leftBehind(counting())).events).toEqual([SECOND]);
    expect((await opened().leftBehind(counting(run))).events).toEqual([SECOND]);
    owed.settle([SECOND], true);
    expect([owed.leftCount, existsSync(file)]).toEqual([0, false]);
  });

  it('is settled one by one', async () => {
    const { run, opened } = host();
    const killed = opened(run);
    killed.keep(FIRST);
    killed.keep(SECOND);
    const next = opened();
    const { events } = await next.leftBehind(counting(run));
    next.settle(events.slice(1), true);
    expect((await next.leftBehind(counting(run))).events).toEqual([FIRST]);
    expect((await opened().leftBehind(counting(run))).events).toEqual([FIRST]);
  });
});

describe('a line of what is owed to standbys', () => {
  it('stays until the run that settles it is certified, and is not left behind meanwhile', async () => {
    const { run, opened, lines } = host();
    opened(run).keep(FIRST);
    const [former] = lines();
    const next = opened();
    const { events } = await next.leftBehind(counting(run));
    next.keep(SECOND);
    next.settle(events, false);
    expect([next.leftCount, next.hasSettled, lines().length]).toEqual([0, true, 2]);
    next.keep(FIRST);
    expect(lines()[0]).toBe(former);
    expect((await opened().leftBehind(counting(run))).events).toEqual([FIRST]);
    next.settle([], true);
    expect([next.hasSettled, lines().length]).toEqual([false, 2]);
    expect(lines()).not.toContain(former);
  });

  it('of an uncertified run stays though standbys have the change, until the run is certified', () => {
    const { opened, lines } = host();
    const owed = opened();
    owed.keep(FIRST);
    owed.settle([FIRST], false);
    expect(lines()).toHaveLength(1);
    owed.settle([], true);
    expect(lines()).toEqual([]);
  });

  it('waits to be taken away where the file cannot be written', async () => {
    const { file, run, opened } = host();
    opened(run).keep(FIRST);
    const next = opened();
    const { events } = await next.leftBehind(counting(run));
    rmSync(file);
    mkdirSync(join(file, 'in the way'), { recursive: true });
    expect(() => next.settle(events, true)).toThrow(expect.objectContaining({ code: 'store_unavailable' }));
    expect([next.leftCount, next.hasSettled]).toEqual([0, true]);
    rmSync(file, { recursive: true });
    next.settle([], true);
    expect([next.hasSettled, existsSync(file)]).toEqual([false, false]);
  });

  it('stays where the runs cannot be looked up, and counts once they can be', async () => {
    const { run, opened, lines } = host();
    opened(run).keep(FIRST);
    const before = lines();
    const next = opened();
    const away = new KeywardError('store_unavailable', 'no server');
    await expect(next.leftBehind({ find: () => Promise.reject(away) })).rejects.toBe(away);
    next.settle([], true);
    next.keep(SECOND);
    expect(lines().slice(0, 1)).toEqual(before);
    expect((await next.leftBehind(counting(run))).events).toEqual([FIRST]);
  });

  it('stays, counts for nothing and is named while its run is not certified, and counts once it is', async () => {
    const { run, opened, lines } = host();
    opened(run).keep(FIRST);
    const before = lines();
    const next = opened();
    expect(await next.leftBehind(counting())).toEqual({
      events: [],
      unvouched: { count: 1, named: ['key.compromised key:k1 scope:payments'] },
    });
    next.settle([], true);
    expect(lines()).toEqual(before);
    expect((await next.leftBehind(counting(run))).events).toEqual([FIRST]);
  });

  it('stays and counts for nothing where somebody changed it, beside one that counts', async () => {
    const { file, run, opened, lines } = host();
    opened(run).keep(FIRST);
    const [line = ''] = lines();
    const changed = line.replace('k1', 'k9');
    writeFileSync(file, `${line}\n${changed}\n`);
    const next = opened();
    const { events, unvouched } = await next.leftBehind(counting(run));
    expect([events, unvouched.named]).toEqual([[FIRST], ['key.compromised key:k9 scope:payments']]);
    next.settle(events, true);
    expect(lines()).toEqual([changed]);
  });
});

describe('what else may stand in the file', () => {
  /** Lines of that run among them, which it did not seal. */
  const hostile = (run: string) => {
    const event = fc.record({
      type: fc.string(),
      actor: fc.string(),
      subject: fc.string(),
      details: fc.object(),
    });
    const line = fc.record({
      run: fc.oneof(fc.string(), fc.constant(run)),
      seal: fc.oneof(fc.string(), fc.base64String()),
      event: fc.oneof(
        fc.json(),
        event.map((said) => JSON.stringify(said)),
      ),
    });
    return fc.array(
      fc.oneof(
        fc.string(),
        fc.json(),
        line.map((said) => JSON.stringify(said)),
      ),
    );
  };

  it('is never repeated and never deleted, beside what counts', async () => {
    const { file, run, opened, lines } = host();
    opened(run).keep(FIRST);
    const [good = ''] = lines();
    await fc.assert(
      fc.asyncProperty(hostile(run.id), async (junk) => {
        writeFileSync(file, [...junk, good].join('\n'));
        const all = lines();
        const next = opened();
        const { events, unvouched } = await next.leftBehind(counting(run));
        expect([events, unvouched.count]).toEqual([[FIRST], all.length - 1]);
        next.settle(events, true);
        next.keep(SECOND);
        expect(lines().slice(0, -1)).toEqual(all.slice(0, -1));
      }),
    );
  });

  it('is named within bounds, without what a terminal obeys', async () => {
    const { file, opened } = host();
    const event = JSON.stringify({
      ...FIRST,
      type: 'x'.repeat(10_000),
      subject: `\u001b[2J\u202e${'y'.repeat(10_000)}`,
      details: { scope: 'z'.repeat(10_000) },
    });
    const long = JSON.stringify({ run: 'r', seal: 's', event });
    writeFileSync(file, `${long}\n${'w'.repeat(10_000)}\n${`${long}\n`.repeat(98)}`);
    const { unvouched } = await opened().leftBehind(counting());
    expect([unvouched.count, unvouched.named.length]).toEqual([100, 20]);
    expect(unvouched.named[0]).toMatch(/^x{120}… \ufffd\[2J\ufffdy+… scope:z+…$/);
    expect(unvouched.named[1]).toMatch(/^unreadable: w+…$/);
    expect(Math.max(...unvouched.named.map(({ length }) => length))).toBeLessThan(400);
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
