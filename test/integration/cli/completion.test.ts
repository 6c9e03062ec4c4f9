import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { keyward } from '../../support/command-line.ts';
import { folderOfTest } from '../../support/folder-of-test.ts';

/** What bash would offer behind that line; the last word is the one being written. */
async function offered(line: string): Promise<readonly string[]> {
  const { out } = await keyward(['completion', 'bash']);
  const file = join(folderOfTest(), 'completion.bash');
  const words = line.split(' ').map((word) => `'${word}'`);
  writeFileSync(
    file,
    `${out}\nCOMP_WORDS=(${words.join(' ')})\nCOMP_CWORD=${words.length - 1}\n_keyward\nprintf '%s\\n' "\${COMPREPLY[@]}"\n`,
  );
  return execFileSync('bash', ['--norc', file], { encoding: 'utf8' })
    .split('\n')
    .filter((word) => word !== '');
}

describe('keyward completion', () => {
  it.each([
    ['keyward sco', ['scope']],
    ['keyward key un', ['undo-rotation']],
    ['keyward --json client probe r', ['remove', 'run']],
    ['keyward scope create x --iss', ['--issuer']],
    ['keyward event list --severity ', ['info', 'warning', 'critical']],
    ['keyward event list -o y', ['yaml']],
    ['keyward canary create ', expect.arrayContaining(['credential', 'token', 'key', '--planted'])],
    ['keyward scope create x --issuer ', []],
  ])('bash: %s', async (line, expected) => {
    expect(await offered(line)).toEqual(expected);
  });

  it('zsh and fish know the same verbs and choices', async () => {
    const [zsh, fish] = [
      (await keyward(['completion', 'zsh'])).out,
      (await keyward(['completion', 'fish'])).out,
    ];
    expect(zsh).toContain("(' event list --severity') compadd -- info warning critical; return;;");
    expect(zsh).toMatch(/\(' client probe'\) compadd -- set remove list run /);
    expect(fish).toContain("complete -c keyward -n '__keyward_at \\' client\\'' -f -a probe -d ");
    expect(fish).toContain(" -l severity -r -f -a 'info warning critical' -d ");
  });

  it('names the shells that it knows', async () => {
    const { exitCode, err } = await keyward(['completion', 'csh']);
    expect([exitCode, err]).toEqual([2, expect.stringContaining('bash, zsh, fish')]);
  });
});
