import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { type MadeUpMachine, madeUpMachine } from '../../support/made-up-machine.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const folder = temporaryFolder();
let machine: MadeUpMachine;
let round = 0;

/** A package is an archive of one file here. */
const DOWNLOAD = 'mkdir -p usr/bin; echo "#!/bin/sh" > usr/bin/promtool; chmod +x usr/bin/promtool';
const PACK = `${DOWNLOAD}; tar -cf prometheus_1.deb ./usr/bin/promtool; rm -r usr`;
const FETCHING = 'keyward: fetching promtool (apt-get download prometheus)\n';

afterAll(() => folder.remove());
beforeEach(() => {
  round += 1;
  const tools = ['mktemp', 'rm', 'tail', 'mkdir', 'chmod', 'tar', 'mv', 'cat'];
  machine = madeUpMachine(join(folder.path, `machine ${round}`), tools);
});

const want = () => machine.run(['say', 'packages', 'promtool'], 'want_promtool; command -v promtool || true');
const cached = () => join(machine.folder, 'node_modules/.cache/promtool/promtool');

describe('promtool', () => {
  it('is left alone where it is there', () => {
    machine.tool('promtool', '');
    expect(want()).toEqual({ code: 0, output: `${machine.folder}/bin/promtool\n` });
  });

  it('is taken out of the package, without installing it, and then kept', () => {
    machine.tool('apt-get', PACK);
    machine.tool('dpkg-deb', 'cat "$2"');
    expect(want()).toEqual({ code: 0, output: `${FETCHING}${cached()}\n` });
    expect(machine.calls()).toEqual([
      'apt-get -q download prometheus',
      'dpkg-deb --fsys-tarfile prometheus_1.deb',
    ]);
    expect(want()).toEqual({ code: 0, output: `${cached()}\n` });
    expect(machine.calls()).toHaveLength(2);
  });

  it('is looked up in lists of its own where those of the machine do not know it', () => {
    machine.tool('apt-get', `case "$*" in '-q download'*) exit 100;; *download*) ${PACK};; esac`);
    machine.tool('dpkg-deb', 'cat "$2"');
    expect(want()).toEqual({ code: 0, output: `${FETCHING}${cached()}\n` });
    const ofItsOwn = machine.calls().map((call) => call.replaceAll(/=\S* ?\S*\/fetch\.\w+\//g, '='));
    expect(ofItsOwn).toEqual([
      'apt-get -q download prometheus',
      'apt-get -o Dir::State::lists=lists -o Dir::Cache=cache -q update',
      'apt-get -o Dir::State::lists=lists -o Dir::Cache=cache -q download prometheus',
      'dpkg-deb --fsys-tarfile prometheus_1.deb',
    ]);
  });

  it('is gone without where it cannot be fetched, and nothing is left of the attempt', () => {
    machine.tool('apt-get', 'echo no network; exit 100');
    machine.tool('dpkg-deb', '');
    const { code, output } = want();
    expect(code).toBe(0);
    expect(output).toContain(FETCHING);
    expect(output.trim().split('\n').at(-1)).toBe(
      'keyward: promtool could not be fetched: the alert rules are not checked. To have it: apt-get install -y prometheus',
    );
    expect(existsSync(cached())).toBe(false);
  });

  it('is gone without where there is no place for it, and nothing is fetched', () => {
    machine.tool('apt-get', PACK);
    machine.tool('dpkg-deb', 'cat "$2"');
    machine.tool('mkdir', 'exit 1');
    expect(want().output).toContain('promtool could not be fetched');
    expect(machine.calls()).toEqual([expect.stringMatching(/^mkdir -p /)]);
  });

  it('is gone without on systems that are not Debian', () => {
    expect(want()).toEqual({
      code: 0,
      output: 'keyward: promtool is missing: the alert rules are not checked. It comes with Prometheus.\n',
    });
  });
});
