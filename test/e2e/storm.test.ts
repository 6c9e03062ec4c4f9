import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const STORM = fileURLToPath(new URL('../../scripts/storm.ts', import.meta.url));
const DEADLINE_MS = 300_000;
const FOUND = 'found by scan: client_credential, pin; the credential, once revoked: credential_invalid';

it(
  'the storm: every way in is refused or seen at once, and every line ends in caught',
  () => {
    const run = { encoding: 'utf8', timeout: DEADLINE_MS } as const;
    const { status, stdout, stderr } = spawnSync(process.execPath, [STORM], run);
    const [, ...lines] = stdout.slice(stdout.indexOf('ATTACK')).trimEnd().split('\n');
    expect({ stderr, missed: lines.filter((line) => !line.endsWith('  caught')) }).toEqual({
      stderr: '',
      missed: [],
    });
    expect(status).toBe(0);
    expect(lines.map((line) => line.split(/ {2,}/).toSpliced(3, 1))).toEqual([
      [
        'key of one scope used for another',
        'token by mail: wrong_scope, offline: unknown_key',
        'token.cross_scope (critical)',
        'caught',
      ],
      [
        'key past its window',
        'token by consumers: never_issued, offline: outside_signing_window',
        'token.retired_key (critical)',
        'caught',
      ],
      [
        'forgery with the HSM’s own key',
        'token by mail: never_issued',
        'token.never_issued (critical)',
        'caught',
      ],
      [
        'stolen client credential used from a new place',
        'token for mail: grant_missing; once heard, its own: revoked, further ones: credential_invalid',
        'client.new_source (warning)',
        'caught',
      ],
      ['decoy credential tried', 'token for mail: credential_invalid', 'canary.touched (critical)', 'caught'],
      ['decoy token shown', 'token by mail: revoked', 'canary.touched (critical)', 'caught'],
      ['decoy key signed with', 'token by mail: bad_signature', 'canary.touched (critical)', 'caught'],
      ['PIN and credential in a core file', FOUND, 'credential.leaked (critical)', 'caught'],
      ['PIN and credential in a git history', FOUND, 'credential.leaked (critical)', 'caught'],
      ['scan of a hostile repository', `its command; ${FOUND}`, 'credential.leaked (critical)', 'caught'],
      [
        'ghost record of a forged token',
        'token by payments: never_issued',
        'token.never_issued (critical), audit.chain_broken (critical)',
        'caught',
      ],
      [
        'foreign event in the audit trail',
        'every change: audit_trail_refused',
        'audit.chain_broken (critical)',
        'caught',
      ],
      [
        'hand-written pending row',
        'rows signed: 0; private keys destroyed: 0',
        'audit.unwitnessed (critical)',
        'caught',
      ],
      [
        'registry put back before the checkpoint',
        // A restriction is followed by a checkpoint: the kill may come before it or after it.
        expect.stringMatching(/^(?:start|token by mail): database_restored$/),
        expect.stringMatching(/^(?:none|database\.restored \(critical\))$/),
        'caught',
      ],
      [
        'revocation undone after a kill',
        'token by payments: revoked',
        'audit.chain_broken (critical)',
        'caught',
      ],
      [
        'clock 40 days ahead at start',
        'token: clock_ahead; keys destroyed: 0; once it is right: issued',
        'clock.jump (critical)',
        'caught',
      ],
    ]);
  },
  DEADLINE_MS,
);
