import { describe, expect, it } from 'vitest';
import { runAnswered } from '../../support/answered-call.ts';
import { NOW } from '../../support/command-line.ts';
import { folderOfTest } from '../../support/folder-of-test.ts';

const key = (state: string, hsm_token: string) => ({
  scope: 'payments',
  state,
  hsm_token,
  sign_until: NOW + 30 * 86_400,
  proof: { status: 'proven' },
});

/** What is said of the keys of one scope. */
async function saidOf(standby_token: string | null, ...keys: readonly ReturnType<typeof key>[]) {
  const answers = {
    'GET /readyz': { ready: true, checks: [] },
    'GET /events?state=open&limit=1000': { events: [] },
    'GET /scopes': { scopes: [{ id: 'payments', standby_token }] },
    'GET /keys': { keys, refused: [] },
    'GET /proposals?state=open&limit=1000': { proposals: [] },
    'GET /inventory': { inventories: [] },
    'GET /metrics': 'keyward_checkpoint_age_seconds 1\n',
    'GET /reviews': { overdue_at: NOW + 1 },
    'GET /drills': { standings: [] },
  };
  const answered = Object.entries(answers).map(([asked, body]) => [asked, [200, body]] as const);
  const call = { argv: ['status', '--json'], answers: Object.fromEntries(answered) };
  const { out } = await runAnswered(call, folderOfTest());
  const { level, summary } = JSON.parse(out).checks.find(({ check }: { check: string }) => check === 'keys');
  return [level, summary];
}

describe('the standby of a scope', () => {
  const [active, beside] = [key('active', 'primary'), key('pre_activation', 'primary')];
  const elsewhere = key('pre_activation', 'issuer-b');

  it('is a warning where it is beside the active key and should not be', async () => {
    expect(await saidOf('issuer-b', active, beside)).toEqual([
      'warn',
      'no standby on another HSM token for payments',
    ]);
    expect((await saidOf('issuer-b', active, beside, elsewhere))[0]).toBe('ok');
    expect((await saidOf('issuer-b', key('active', 'issuer-b'), beside))[0]).toBe('ok');
    expect((await saidOf(null, active, beside))[0]).toBe('ok');
  });

  it('is a warning of its own where there is none', async () => {
    expect(await saidOf('issuer-b', active)).toEqual(['warn', 'no standby for payments']);
  });
});
