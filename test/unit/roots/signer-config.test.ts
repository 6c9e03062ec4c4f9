import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config.ts';
import { shownConfiguration } from '../../../src/configuration/shown.ts';
import { isForked, signerOptions, tokensOf } from '../../../src/hsm/tokens.ts';
import { readSettings } from '../../../src/signer/settings.ts';
import { FlawedFile } from '../../../src/yaml-file/problem.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const folder = temporaryFolder();
afterAll(() => folder.remove());
const file = join(folder.path, 'config.yaml');

const NAMED = 'token_label: t, token_serial: "1"';
const APART = `${NAMED}, signer: {socket: run/s.sock, user: keyward-signer}`;

function load(hsm: string, more = '', variables = {}) {
  writeFileSync(file, `hsm: {${hsm}}\n${more}`, { mode: 0o600 });
  return loadConfig(file, variables);
}

function problemsOf(hsm: string, more = ''): readonly string[] {
  try {
    load(hsm, more);
    return [];
  } catch (error) {
    if (error instanceof FlawedFile) return error.problems.map(({ line, message }) => `${line}: ${message}`);
    throw error;
  }
}

describe('a signer that runs by itself', () => {
  const signer = { socket: join(folder.path, 'run/s.sock'), user: 'keyward-signer' };

  it('is named by socket and user, and nothing of its own is said or shown', () => {
    const config = load(APART);
    expect(config.hsm.signer).toEqual(signer);
    const [token] = tokensOf(config);
    expect(isForked(token)).toBe(false);
    expect(signerOptions(config, token, () => {}).remote).toEqual(signer);
    const shown = JSON.stringify(shownConfiguration(config));
    for (const member of ['module', 'pin_file', 'latch_file', 'state_dir', 'clock_skew_seconds']) {
      expect(shown).not.toContain(member);
    }
  });

  it('may be named by variables', () => {
    const variables = { KEYWARD_HSM__SIGNER__SOCKET: '/run/s', KEYWARD_HSM__SIGNER__USER: '998' };
    expect(load(NAMED, '', variables).hsm.signer).toEqual({ socket: '/run/s', user: '998' });
  });

  it('stands beside one that is a child, each token its own way', () => {
    const further = 'hsm_tokens: {b: {module: m, token_label: b, token_serial: "2", pin_file: p}}';
    const both =
      'hsm_tokens: {b: {token_label: b, token_serial: "2", signer: {socket: s, user: u}}, c: {token_label: c, token_serial: "3", signer: {socket: s, user: u}}}';
    expect(tokensOf(load(APART, further)).map(isForked)).toEqual([false, true]);
    expect(tokensOf(load(APART, both)).map(isForked)).toEqual([false, false, false]);
  });

  it('has a file of its own: no child reads that of the front', () => {
    load(APART);
    expect(() => readSettings(file, 'primary')).toThrow(
      `${file}: the signer of primary runs by itself: this is the file of its front`,
    );
  });

  it.each([
    ['neither way', NAMED, ['1: hsm.module is missing', '1: hsm.pin_file is missing']],
    ['a child without a PIN', `${NAMED}, module: m`, ['1: hsm.pin_file is missing']],
    [
      'both ways',
      `${APART}, module: m, pin_file: p, latch_file: l, allow_software: true, environment: {A: b}`,
      ['module', 'pin_file', 'latch_file', 'allow_software', 'environment'].map(
        (member) => `1: hsm.${member} is for the file of the signer itself, since signer is there`,
      ),
    ],
    [
      'a slip in its name',
      `${NAMED}, signr: {socket: s, user: u}`,
      [
        '1: hsm.signr is not known; did you mean signer?',
        '1: hsm.module is missing',
        '1: hsm.pin_file is missing',
      ],
    ],
    [
      'a slip in the module',
      `${NAMED}, modul: m, pin_file: p`,
      ['1: hsm.modul is not known; did you mean module?'],
    ],
    [
      'a slip below it',
      `${NAMED}, signer: {sokcet: s, user: u}`,
      ['1: hsm.signer.sokcet is not known; did you mean socket?'],
    ],
    ['no user', `${NAMED}, signer: {socket: s}`, ['1: hsm.signer.user is missing']],
    [
      'nobody',
      `${NAMED}, signer: {socket: s, user: nobody}`,
      ['1: hsm.signer.user: stands for users that the kernel does not know'],
    ],
    [
      'a user that is an option',
      `${NAMED}, signer: {socket: s, user: -n}`,
      ['1: hsm.signer.user: use the name or the number of a user'],
    ],
  ])('%s is refused', (_, hsm, problems) => {
    expect([...problemsOf(hsm)].sort()).toEqual([...problems].sort());
  });

  it('is refused where a further token names it twice over', () => {
    const further =
      'hsm_tokens: {b: {token_label: b, token_serial: "2", module: m, signer: {socket: s, user: u}}}';
    expect(problemsOf(APART, further)).toEqual([
      '2: hsm_tokens.b.module is for the file of the signer itself, since signer is there',
    ]);
  });
});
