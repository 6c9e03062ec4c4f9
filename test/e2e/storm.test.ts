import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const STORM = fileURLToPath(new URL('../../scripts/storm.ts', import.meta.url));
const DEADLINE_MS = 120_000;

it(
  'the storm: every way in is refused or seen at once, and every line ends in caught',
  () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [STORM], {
      encoding: 'utf8',
      timeout: DEADLINE_MS,
    });
    const [, ...lines] = stdout.slice(stdout.indexOf('ATTACK')).trimEnd().split('\n');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(
      lines
        .map((line) => line.split(/ {2,}/))
        .map(([attack, , event, , verdict]) => [attack, event, verdict]),
    ).toEqual([
      ['key of one scope used for another', 'token.cross_scope (critical)', 'caught'],
      ['key past its window', 'token.retired_key (critical)', 'caught'],
      ['forgery with the HSM’s own key', 'token.never_issued (critical)', 'caught'],
      ['stolen client credential used from a new place', 'client.new_source (warning)', 'caught'],
      ['decoy credential tried', 'canary.touched (critical)', 'caught'],
      ['decoy token shown', 'canary.touched (critical)', 'caught'],
      ['PIN and credential in a core file', 'credential.leaked (critical)', 'caught'],
      ['credential in a git history', 'credential.leaked (critical)', 'caught'],
    ]);
  },
  DEADLINE_MS,
);
