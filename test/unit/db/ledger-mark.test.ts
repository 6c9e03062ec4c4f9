import { mkdirSync, readFileSync, rmdirSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { LedgerMark, type Ownership } from '../../../src/db/ledger-mark.ts';
import { folderOfTest } from '../../support/folder-of-test.ts';

const NOON = 1_760_000_000;
const END = { sequence: 7, hash: new Uint8Array(32).fill(9) };
const FILE = { id: '', former: '', isJoining: false };

/** As one process after another has it, on one host. */
function host() {
  const archiveDir = join(folderOfTest(), 'ledger-archive');
  const opened = (owner: Partial<Ownership> = {}, boot = 'first boot') =>
    new LedgerMark({ archiveDir, owner: { ...FILE, ...owner }, boot });
  return { file: `${archiveDir}.end`, opened };
}

/** Records one group, and leaves it at that, as a process does that is killed. */
function killed(mark: LedgerMark): void {
  mark.begin(false);
  mark.record(END, NOON);
}

describe('where a host acknowledged the ledger up to', () => {
  it('is known where nothing was ever written to the database, and else not', () => {
    const { opened } = host();
    const fresh = opened();
    fresh.begin(false);
    expect([fresh.found, fresh.isWhole]).toEqual([undefined, false]);
    fresh.begin(true);
    expect([fresh.found?.sequence, fresh.isWhole]).toEqual([0, true]);
    expect(opened().isWhole).toBe(true);
  });

  it('is known after a process that was killed, to the last group', () => {
    const { opened } = host();
    killed(opened());
    const next = opened();
    expect(next.found).toMatchObject({ sequence: 7, hash: Buffer.from(END.hash), at: NOON });
    expect(next.isWhole).toBe(true);
  });

  it('may lie further after a kernel that was killed, unless the process had ended before', () => {
    const { opened } = host();
    killed(opened());
    const after = opened(FILE, 'second boot');
    expect([after.found?.sequence, after.isWhole]).toEqual([7, false]);
    killed(after);
    after.close();
    expect(opened(FILE, 'third boot').isWhole).toBe(true);
  });

  it('is not known where another host had the database since', () => {
    const { opened } = host();
    killed(opened({ id: 'a', former: 'z' }));
    expect(opened({ id: 'c', former: 'b' }).isWhole).toBe(false);
    expect(opened({ id: 'b', former: 'a' }).isWhole).toBe(true);
  });

  it('is handed on by a process that writes no record, as far as it is known', () => {
    const { opened } = host();
    killed(opened({ id: 'a', former: 'z' }));
    opened({ id: 'b', former: 'a' }).begin(false);
    expect(opened({ id: 'c', former: 'b' }).isWhole).toBe(true);
    opened({ id: 'x', former: 'w' }).begin(false);
    expect(opened({ id: 'y', former: 'x' }).isWhole).toBe(false);
  });

  it('is known after a start that failed once it had the database, or while it took it', () => {
    const { file, opened } = host();
    killed(opened({ id: 'a', former: 'z' }));
    const claim = (id: string, former: string) => opened({ id, former }).begin(false);
    claim('b', 'a');
    expect(opened({ id: 'c', former: 'b' }).isWhole).toBe(true);
    // Whether the database names `b` was never answered.
    expect(opened({ id: 'c', former: 'a' }).isWhole).toBe(true);
    claim('c', 'b');
    expect(opened({ id: 'd', former: 'c' }).isWhole).toBe(true);
    expect(opened({ id: 'd', former: 'a' }).isWhole).toBe(false);
    killed(opened({ id: 'd', former: 'c' }));
    expect(opened({ id: 'e', former: 'c' }).isWhole).toBe(false);
    expect(readFileSync(file)).toHaveLength(512);
  });

  it('is not known once another host had the database, however often starts fail', () => {
    const { opened } = host();
    killed(opened({ id: 'a', former: 'z' }));
    opened({ id: 'b', former: 'x' }).begin(false);
    for (const former of ['b', 'x']) expect(opened({ id: 'c', former }).isWhole).toBe(false);
  });

  it.each(['x'.repeat(600), '"'.repeat(300), 'Ģ"\\'.repeat(20)])(
    'keeps no start back for a name in the database: %j',
    (former) => {
      const { file, opened } = host();
      killed(opened({ id: 'a', former: 'z' }));
      opened({ id: 'b', former }).begin(false);
      expect(opened({ id: 'c', former: 'b' }).isWhole).toBe(false);
      expect(readFileSync(file)).toHaveLength(512);
    },
  );

  it('stays in doubt for a database without owners, too', () => {
    const { opened } = host();
    const first = opened({ id: 'a', former: 'z' });
    killed(first);
    first.close();
    expect(opened().isWhole).toBe(true);
    opened({ id: 'c', former: 'b' }).begin(false);
    expect(opened().isWhole).toBe(false);
  });

  it('is not known of a file that is not as it was written', () => {
    const { file, opened } = host();
    killed(opened());
    const written = readFileSync(file);
    const altered = Array.from(written, (byte, index) => written.with(index, byte ^ 1));
    for (const other of ['', written.subarray(0, 100), ...altered]) {
      writeFileSync(file, other);
      expect(opened().found).toBeUndefined();
    }
    writeFileSync(file, written);
    expect(opened().found?.sequence).toBe(7);
  });

  it('is no link, and nothing that is no file', () => {
    const { file, opened } = host();
    mkdirSync(file);
    expect(() => opened()).toThrow(expect.objectContaining({ code: 'store_unavailable' }));
    rmdirSync(file);
    writeFileSync(`${file}-elsewhere`, '');
    symlinkSync(`${file}-elsewhere`, file);
    expect(() => opened()).toThrow(expect.objectContaining({ code: 'store_unavailable' }));
    unlinkSync(file);
    expect(opened().found).toBeUndefined();
  });
});
