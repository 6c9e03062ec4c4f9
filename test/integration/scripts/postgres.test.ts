import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import { folderOfTest } from '../../support/folder-of-test.ts';
import { type MadeUpMachine, madeUpMachine } from '../../support/made-up-machine.ts';

const MISSING =
  'keyward: PostgreSQL is missing: what needs it is not tested. To have it: apt-get install -y postgresql\n';
const INSTALLING = 'keyward: installing postgresql (apt-get install -y postgresql)\n';

let machine: MadeUpMachine;
let told: string;

beforeEach(() => {
  machine = madeUpMachine(folderOfTest(), ['mktemp', 'rm', 'tail', 'env', 'mkdir', 'tee', 'cat', 'chmod']);
  told = join(machine.folder, 'settings/createcluster.d/keyward-tests.conf');
});

function want(): { code: number | null; output: string } {
  const places = `postgres_programs='${machine.folder}/programs' postgres_settings='${machine.folder}/settings'`;
  return machine.run(['say', 'packages', 'postgres'], `${places}; want_postgres`);
}

function have(version: number): void {
  const folder = join(machine.folder, `programs/${version}/bin`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'initdb'), '', { mode: 0o755 });
}

it('PostgreSQL that is there is left alone', () => {
  have(13);
  have(15);
  expect(want()).toEqual({ code: 0, output: '' });
});

it('PostgreSQL is installed by root, and told to make no server of its own', () => {
  have(13);
  machine.tool('id', 'echo 0');
  machine.tool('apt-cache', '');
  const initdb = `${machine.folder}/programs/15/bin/initdb`;
  machine.tool(
    'apt-get',
    `cat '${told}' >>'${machine.folder}/calls'
    mkdir -p '${initdb.replace('/initdb', '')}' && echo >'${initdb}' && chmod +x '${initdb}'`,
  );
  expect(want()).toEqual({ code: 0, output: INSTALLING });
  expect(machine.calls().slice(-2)).toEqual([
    'apt-get install -y -q postgresql',
    'create_main_cluster = false',
  ]);
  expect(existsSync(told)).toBe(false);
});

it('the tests go on without PostgreSQL where it cannot be installed', () => {
  machine.tool('id', 'echo 0');
  machine.tool('apt-cache', '');
  machine.tool('apt-get', 'exit 100');
  const { code, output } = want();
  expect(code).toBe(0);
  expect(output).toBe(`${INSTALLING}${MISSING}`);
  expect(existsSync(told)).toBe(false);
});

it('nobody is asked for a password to have PostgreSQL', () => {
  machine.tool('id', 'echo 1000');
  machine.tool('apt-get', '');
  machine.tool('sudo', 'exit 1');
  expect(want()).toEqual({ code: 0, output: MISSING });
  expect(machine.calls()).toContain('sudo -n true');
});
