import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { type MadeUpMachine, madeUpMachine } from '../../support/made-up-machine.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const folder = temporaryFolder();
let made: MadeUpMachine;
let machine: string;
let round = 0;

afterAll(() => folder.remove());
beforeEach(() => {
  round += 1;
  machine = join(folder.path, `machine ${round}`);
  made = madeUpMachine(machine, ['mktemp', 'rm', 'tail', 'env', 'touch', 'cat']);
  mkdirSync(join(machine, 'softhsm'));
  writeFileSync(join(machine, 'softhsm/modules'), `${machine}/libsofthsm2.so\n`);
});

const tool: MadeUpMachine['tool'] = (name, body) => made.tool(name, body);
const calls = () => made.calls();
const need = (...packages: string[]) => made.run(['say', 'packages'], `need_packages ${packages.join(' ')}`);

describe('system packages', () => {
  it('that are there are left alone', () => {
    writeFileSync(join(machine, 'libsofthsm2.so'), '');
    tool('make', '');
    expect(need('softhsm2', 'make')).toEqual({ code: 0, output: '' });
  });

  it('are installed by apt-get when one is missing', () => {
    tool('id', 'echo 0');
    tool('apt-cache', '');
    tool('apt-get', `touch '${machine}/libsofthsm2.so'`);
    expect(need('softhsm2')).toEqual({
      code: 0,
      output: 'keyward: installing softhsm2 (apt-get install -y softhsm2)\n',
    });
    expect(calls()).toEqual(['id -u', 'apt-cache show softhsm2', 'apt-get install -y -q softhsm2']);
  });

  it('are looked up anew when the package lists do not know them', () => {
    tool('id', 'echo 0');
    tool('apt-cache', 'exit 100');
    tool('apt-get', '');
    expect(need('softhsm2').code).toBe(0);
    expect(calls().slice(2)).toEqual(['apt-get update -y -q', 'apt-get install -y -q softhsm2']);
  });

  it('are installed through sudo by a user who is not root', () => {
    tool('id', 'echo 1000');
    tool('apt-cache', '');
    tool('apt-get', '');
    tool('sudo', 'exec "$@"');
    expect(need('softhsm2', 'curl').output).toBe(
      'keyward: installing softhsm2 curl (sudo apt-get install -y softhsm2 curl)\n',
    );
    expect(calls()).toContain('sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -q softhsm2 curl');
  });

  it('are named with the command for root where there is no sudo', () => {
    tool('id', 'echo 1000');
    tool('apt-get', '');
    expect(need('softhsm2')).toEqual({
      code: 1,
      output:
        'keyward: missing: softhsm2. As root, run: apt-get install -y softhsm2\nkeyward: Then run this again.\n',
    });
  });

  it('are named with the command to run when the installation fails', () => {
    tool('id', 'echo 0');
    tool('apt-cache', '');
    tool('apt-get', 'echo no network; exit 100');
    expect(need('softhsm2')).toEqual({
      code: 1,
      output: [
        'keyward: installing softhsm2 (apt-get install -y softhsm2)',
        'no network',
        'keyward: could not install softhsm2. Run: apt-get update && apt-get install -y softhsm2',
        '',
      ].join('\n'),
    });
  });

  it('have other names, and another command, on other systems', () => {
    tool('dnf', '');
    expect(need('softhsm2', 'make', 'g++', 'python3')).toEqual({
      code: 1,
      output:
        'keyward: missing: softhsm2 make g++ python3. Install with: sudo dnf install softhsm make gcc-c++ python3\nkeyward: Then run this again.\n',
    });
  });
});
