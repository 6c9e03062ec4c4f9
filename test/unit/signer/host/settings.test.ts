import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readHostSettings } from '../../../../src/signer/host/settings.ts';
import { withoutPaths } from '../../../../src/signer/host/without-paths.ts';
import { readSettings } from '../../../../src/signer/settings.ts';
import { FlawedFile } from '../../../../src/yaml-file/problem.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const folder = temporaryFolder();
afterAll(() => folder.remove());

const HSM = 'hsm: {module: /m.so, token_label: t, token_serial: "1", pin_file: pin}\n';
const ENDS = 'socket: run/signer.sock\nfront_user: keyward\n';
const file = join(folder.path, 'signer.yaml');

function written(text: string): string {
  writeFileSync(file, text, { mode: 0o600 });
  return file;
}

function problemsIn(text: string): readonly string[] {
  try {
    readHostSettings(written(text));
  } catch (error) {
    if (error instanceof FlawedFile) return error.problems.map(({ message }) => message);
    throw error;
  }
  return [];
}

it('has paths beside the file, and says which keys it does not name', () => {
  const settings = readHostSettings(written(HSM + ENDS));
  expect(settings).toMatchObject({
    file,
    mode: 'development',
    socket: join(folder.path, 'run/signer.sock'),
    frontUser: 'keyward',
    unnamed: ['primary'],
  });
  expect(settings.tokens.get('primary')).toMatchObject({
    module: '/m.so',
    pin_file: join(folder.path, 'pin'),
    latch_file: join(folder.path, 'pin-latch.json'),
  });
});

it('is what its processes read, too', () => {
  expect(readSettings(written(HSM + ENDS), 'primary')).toMatchObject({ modulePath: '/m.so', sessions: 4 });
});

describe('a file that is wrong', () => {
  it.each([
    ['without its own members', HSM, ['socket is missing', 'front_user is missing']],
    ['with a slip', `${HSM}sockt: s\nfront_user: keyward\n`, ['sockt is not known; did you mean socket?']],
    [
      'of a front',
      `hsm: {token_label: t, token_serial: "1", signer: {socket: s, user: u}}\n${ENDS}`,
      ['hsm.signer: is for the file of the front: this is the file of the signer itself'],
    ],
    [
      'with nobody as the front',
      `${HSM}socket: s\nfront_user: nobody\n`,
      ['front_user: stands for users that the kernel does not know'],
    ],
    [
      'with a socket that is too long',
      `${HSM}socket: /${'x'.repeat(120)}\nfront_user: keyward\n`,
      ['socket has 121 bytes, of which a Unix socket takes 107'],
    ],
    [
      'without a module',
      `hsm: {token_label: t, token_serial: "1", pin_file: p}\n${ENDS}`,
      ['hsm.module is missing'],
    ],
  ])('%s', (_, text, problems) => {
    expect(problemsIn(text).map((each) => each.replace('hsm.signer is', 'hsm.signer: is'))).toEqual(problems);
  });

  it('which others can write is refused whole', () => {
    chmodSync(written(HSM + ENDS), 0o666);
    expect(() => readHostSettings(file)).toThrow('is writable by group or others: chmod go-w it');
    chmodSync(file, 0o600);
  });
});

it('the front is told of files by the members that name them', () => {
  const { pin_file, latch_file, state_dir } =
    readHostSettings(written(HSM + ENDS)).tokens.get('primary') ?? {};
  const outward = withoutPaths(readHostSettings(file));
  expect(
    outward({
      id: 1,
      failure: { code: 'invalid_config', message: `the PIN file ${pin_file} is empty`, detail: 'd' },
    }),
  ).toEqual({
    id: 1,
    failure: { code: 'invalid_config', message: 'the PIN file (pin_file) is empty', detail: 'd' },
  });
  expect(
    outward({
      log: 'error',
      message: `${latch_file}.lock is held`,
      details: { at: `${state_dir}/keys.json`, stack: 'x' },
    }),
  ).toEqual({ log: 'error', message: '(latch_file).lock is held', details: { at: '(state_dir)/keys.json' } });
  expect(outward({ id: 2, gives: null })).toEqual({ id: 2, gives: null });
});
