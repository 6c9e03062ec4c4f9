import { chownSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { beginPinAttempt, readLatch } from '../../../src/signer/pin-latch.ts';
import { keyward } from '../../support/command-line.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const folder = temporaryFolder();
afterAll(() => folder.remove());
const file = join(folder.path, 'signer.yaml');
const latch = join(folder.path, 'latch.json');
const PIN_FILE = { inode: '7', size: '9', mtimeNs: '100', ctimeNs: '100' };
const TEXT = `
hsm: {module: m.so, token_label: t, token_serial: "1", pin_file: pin, latch_file: latch.json}
socket: signer.sock
front_user: "4711"
`;

beforeEach(() => {
  writeFileSync(file, TEXT, { mode: 0o600 });
  writeFileSync(join(folder.path, 'm.so'), '');
});

describe('keyward signer check', () => {
  it('says that a file is right, and shows each mistake of another at its line', async () => {
    expect(await keyward(['signer', 'check', '--config', file])).toEqual({
      exitCode: 0,
      out: `${file} is right\n`,
      err: '',
    });
    writeFileSync(file, TEXT.replace('socket', 'sockt').replace('"4711"', 'no body'), { mode: 0o600 });
    const { exitCode, err } = await keyward(['signer', 'check', '--config', file]);
    expect(exitCode).toBe(1);
    expect(err).toContain(`${file}:3:1: sockt is not known; did you mean socket?`);
    expect(err).toContain(`${file}:4:13: front_user: use the name or the number of a user`);
  });

  it('names what the host does not have', async () => {
    rmSync(join(folder.path, 'm.so'));
    const { exitCode, err } = await keyward(['signer', 'check', '--config', file]);
    expect([exitCode, err]).toEqual([
      1,
      `error: ${file}: hsm.module: ${join(folder.path, 'm.so')} is not there [invalid_config]\n`,
    ]);
  });

  it('does not take the file of the service for its own', async () => {
    const environment = { configFile: file, isConfigNamed: true };
    const { exitCode, err } = await keyward(['signer', 'check'], { environment });
    expect([exitCode, existsSync('/etc/keyward-signer/signer.yaml')]).toEqual([1, false]);
    expect(err).toContain('/etc/keyward-signer/signer.yaml: there is no such file');
  });
});

describe('keyward signer clear-latch', () => {
  const reject = () => beginPinAttempt(latch, { tokenSerial: '1', pinFile: PIN_FILE }).rejected(0xa0);
  const clear = (...more: string[]) => keyward(['signer', 'clear-latch', ...more, '--config', file]);

  it('allows one more attempt', async () => {
    reject();
    expect(await clear()).toMatchObject({
      exitCode: 0,
      out: 'The PIN of primary may be tried once more; the latch was rejected.\n',
    });
    expect(readLatch(latch).state).toBe('clear');
  });

  it('knows no other token', async () => {
    const { exitCode, err } = await clear('west');
    expect([exitCode, err]).toEqual([
      2,
      expect.stringContaining('there is no HSM token west; use one of primary'),
    ]);
  });

  it('makes a latch where the folder is this user’s', async () => {
    for (const made of [latch, `${latch}.lock`]) rmSync(made, { force: true });
    expect((await clear()).exitCode).toBe(0);
    expect(readLatch(latch)).toEqual({ state: 'clear', attempts: 0 });
  });

  describe.runIf(process.getuid?.() === 0)('is for the user of the signer alone (needs root)', () => {
    afterEach(() => chownSync(folder.path, 0, 0));

    const refused = (path: string) => [
      1,
      expect.stringContaining(`${path} belongs to user 64121: run this as that user`),
    ];

    it.each([
      ['the latch', latch],
      ['its lock', `${latch}.lock`],
    ])('where %s is another’s', async (_, path) => {
      for (const made of [latch, `${latch}.lock`]) rmSync(made, { force: true });
      reject();
      writeFileSync(`${latch}.lock`, '');
      chownSync(path, 64_121, 64_121);
      const { exitCode, err } = await clear();
      expect([exitCode, err]).toEqual(refused(path));
      expect(readLatch(latch).state).toBe('rejected');
    });

    it('where neither is there, and the folder is another’s: none is made', async () => {
      for (const made of [latch, `${latch}.lock`]) rmSync(made, { force: true });
      chownSync(folder.path, 64_121, 64_121);
      const { exitCode, err } = await clear();
      expect([exitCode, err]).toEqual(refused(folder.path));
      expect([latch, `${latch}.lock`].filter(existsSync)).toEqual([]);
    });
  });
});
