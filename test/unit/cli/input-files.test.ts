import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { keyward } from '../../support/command-line.ts';
import { folderOfTest } from '../../support/folder-of-test.ts';
import { softwareKey } from '../../support/software-keys.ts';

const { kid, publicJwk } = softwareKey('ES256');
const ORIGIN = 'origin http://127.0.0.1:9';

/** Each way to name a file, with an operator credential for those that ask for one. */
const COMMANDS: Readonly<Record<string, (file: string) => readonly string[]>> = {
  '--audit-key': (file) => ['audit', 'verify', '--file', EMPTY(), '--audit-key', file],
  '--checkpoint': (file) => [
    'audit',
    'verify',
    '--file',
    EMPTY(),
    '--audit-key',
    KEY(),
    '--checkpoint',
    file,
  ],
  '--file': (file) => ['audit', 'verify', '--file', file, '--audit-key', kid],
  '--database': (file) => ['audit', 'verify', '--database', file, '--audit-key', kid],
  'key prove --verify': (file) => ['key', 'prove', '--verify', file],
  '--ignore-file': (file) => ['scan', '--offline', '--ignore-file', file, folderOfTest()],
  '--pin-file': (file) => ['scan', '--offline', '--pin-file', file, folderOfTest()],
  '--credential-file': (file) => ['key', 'list', '--credential-file', file],
};
const written = (name: string, text: string | Uint8Array) => {
  const file = join(folderOfTest(), name);
  writeFileSync(file, text, { mode: 0o600 });
  return file;
};
const KEY = () => written('key.json', JSON.stringify(publicJwk));
const EMPTY = () => written('empty.jsonl', '');

const failed = async (option: string, file: string) => {
  const { exitCode, err } = await keyward(COMMANDS[option]?.(file) ?? []);
  return [exitCode, err] as const;
};

describe('a file that an option names', () => {
  it.each(Object.keys(COMMANDS))('%s: a folder is refused', async (option) => {
    const [exitCode, err] = await failed(option, folderOfTest());
    expect([exitCode, err]).toEqual([2, expect.stringMatching(/^error: .*folder|is not a regular file/)]);
  });

  it.each(Object.keys(COMMANDS))('%s: a device is refused and not read to its end', async (option) => {
    const [exitCode, err] = await failed(option, '/dev/zero');
    expect([exitCode, err]).toEqual([2, expect.stringMatching(/^error: .*\/dev\/zero/)]);
  });

  it.each([
    ['--audit-key', 'no JSON', 'hello', 'holds no JSON; it must be a public JWK'],
    ['--audit-key', 'half of a JSON', '{"kty":', 'holds no JSON; it must be a public JWK'],
    ['--audit-key', 'no object', '[1]', 'holds no JSON object; it must be a public JWK'],
    ['--audit-key', 'no key', '{"kty":"oct","k":"AAAA"}', 'holds no public key; it must be a public JWK'],
    ['--audit-key', 'no UTF-8', Buffer.from([0xff]), 'is not UTF-8'],
    ['--checkpoint', 'half of a JSON', '{"checkpoint":', 'holds no checkpoint; it must be one'],
    ['--checkpoint', 'nothing', '', 'holds no checkpoint; it must be one'],
    [
      'key prove --verify',
      'no JSON',
      'hello',
      'holds no JSON; it must be what `keyward key prove --out` wrote',
    ],
    ['key prove --verify', 'no keys', '{}', 'lacks the public keys; it must be what'],
    ['--credential-file', 'no credential', '{"a":1}', ''],
    ['--ignore-file', 'no fingerprint', 'hello', 'write a fingerprint of 32 characters'],
  ])('%s: %s is refused, and what it must be is said', async (option, _, text, why) => {
    const [exitCode, err] = await failed(option, written('given', text));
    expect([exitCode, err]).toEqual([2, expect.stringContaining(why)]);
  });

  it.each(['--audit-key', 'key prove --verify', '--credential-file', '--ignore-file'])(
    '%s: more than it can be is refused',
    async (option) => {
      const file = written('huge', '');
      truncateSync(file, 64 * 1024 ** 2);
      const [exitCode, err] = await failed(option, file);
      expect([exitCode, err]).toEqual([2, expect.stringMatching(/^error: .*huge is larger than \d+ bytes/)]);
    },
  );

  it('of canary claims is refused alike', async () => {
    const operator = written('operator', `kwo_x\n${ORIGIN}\n`);
    const argv = [
      'canary',
      'create',
      'token',
      '--planted',
      'here',
      '--scope',
      's',
      '--client',
      'c',
      '--subject',
      'u',
    ];
    for (const file of [folderOfTest(), written('claims', 'hello'), written('list', '[1]')]) {
      const out = join(folderOfTest(), 'decoy');
      const given = [...argv, '--out', out, '--claims', file, '--credential-file', operator];
      expect(await keyward(given)).toMatchObject({ exitCode: 2 });
    }
  });

  it('is read where it is what it must be', async () => {
    mkdirSync(join(folderOfTest(), 'x'));
    const { exitCode, err } = await keyward(['audit', 'verify', '--file', EMPTY(), '--audit-key', KEY()]);
    expect([exitCode, err]).toEqual([1, expect.stringContaining('audit_unsound')]);
  });
});
