import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { folderOfTest } from '../../support/folder-of-test.ts';
import { ROOT } from '../../support/pages.ts';

/** As systemd: a client connects at once, so a socket that is held starts a stopped service again; none is taken from it. */
const SYSTEMCTL = `#!/bin/sh
set -e
cd "$HOST"
echo "$*" >>calls
eval "unit=\\\${$#}"
case $1 in
  is-active) [ -e "active/$unit" ] ;;
  stop)
    rm -f "active/$unit"
    if [ "$unit" = keyward.service ] && ls active | grep -q socket; then touch active/keyward.service; fi ;;
  start)
    case $unit in *.socket) if [ -e active/keyward.service ]; then exit 1; fi ;; esac
    touch "active/$unit" ;;
esac
`;
const ALL = [
  'keyward-backup.timer',
  'keyward-operations.socket',
  'keyward-signer.service',
  'keyward.service',
  'keyward.socket',
];

let host: string;
const active = () => readdirSync(join(host, 'active')).sort();
const calls = () => readFileSync(join(host, 'calls'), 'utf8').trim().split('\n');
const kept = () => existsSync(join(host, 'run/keyward.stopped'));

function run(script: string, ...argv: readonly string[]): void {
  const text = readFileSync(join(ROOT, 'deploy/debian', script), 'utf8');
  const here = text.replaceAll('/run/', `${host}/run/`).replaceAll('/usr/lib/', `${host}/usr/lib/`);
  execFileSync('sh', ['-c', here, script, ...argv], {
    env: { HOST: host, PATH: `${join(host, 'bin')}:/usr/bin:/bin` },
    stdio: 'pipe',
  });
}

function isActive(units: readonly string[]): void {
  for (const unit of units) writeFileSync(join(host, 'active', unit), '');
}

beforeEach(() => {
  host = folderOfTest();
  for (const name of ['active', 'bin', 'run/systemd/system'])
    mkdirSync(join(host, name), { recursive: true });
  writeFileSync(join(host, 'bin/systemctl'), SYSTEMCTL, { mode: 0o755 });
  for (const name of ['addgroup', 'adduser', 'install']) {
    writeFileSync(join(host, 'bin', name), '#!/bin/sh\n', { mode: 0o755 });
  }
  writeFileSync(join(host, 'calls'), '');
});

describe('an upgrade of the Debian package', () => {
  it.each([
    ['all', ALL],
    ['a service without sockets', ['keyward-signer.service', 'keyward.service']],
    ['sockets whose service nobody called yet', ['keyward-operations.socket', 'keyward.socket']],
    ['the signer alone', ['keyward-signer.service']],
    ['nothing', []],
  ])('stops %s, and starts the same', (_what, units) => {
    isActive(units);
    run('prerm', 'upgrade', '0.2.0');
    expect(active()).toEqual([]);
    run('postrm', 'upgrade', '0.2.0');
    run('postinst', 'configure', '0.1.0');
    expect(active()).toEqual(units);
    expect(kept()).toBe(false);
  });

  it('starts from the new units: they are read first', () => {
    isActive(ALL);
    run('prerm', 'upgrade', '0.2.0');
    run('postinst', 'configure', '0.1.0');
    const all = calls();
    expect(all.indexOf('daemon-reload')).toBeGreaterThan(all.indexOf('stop keyward-signer.service'));
    expect(all.indexOf('daemon-reload')).toBeLessThan(all.indexOf('start keyward-signer.service'));
  });

  it('that is given up starts what it stopped', () => {
    isActive(ALL);
    run('prerm', 'upgrade', '0.2.0');
    run('postinst', 'abort-upgrade', '0.2.0');
    expect(active()).toEqual(ALL);
  });

  it('that is tried twice forgets nothing', () => {
    isActive(ALL);
    run('prerm', 'upgrade', '0.2.0');
    run('prerm', 'upgrade', '0.2.0');
    run('postinst', 'configure', '0.1.0');
    expect(active()).toEqual(ALL);
  });
});

describe('a removal of the Debian package', () => {
  it('stops all, and a later installation starts nothing', () => {
    isActive(ALL);
    run('prerm', 'remove');
    expect(active()).toEqual([]);
    run('postrm', 'remove');
    expect(kept()).toBe(false);
    run('postinst', 'configure');
    expect(active()).toEqual([]);
    expect(calls().filter((call) => call.startsWith('start'))).toEqual([]);
  });
});

describe('a first installation of the Debian package', () => {
  it('starts and enables nothing', () => {
    run('postinst', 'configure');
    expect(calls()).toEqual(['daemon-reload']);
  });
});
