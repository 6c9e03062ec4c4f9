import { setTimeout as wait } from 'node:timers/promises';
import type { Attack, Outcome } from './attack.ts';
import type { ScopeOnStage, Stage } from './stage.ts';

async function present(stage: Stage, scope: ScopeOnStage, token: string, type: string): Promise<Outcome> {
  const since = performance.now();
  const { valid, reason } = await stage.verify(scope, token);
  return {
    refused: valid ? 'nothing: the token was accepted' : `token by ${scope.id}: ${reason}`,
    failed: !valid,
    leaves: (event) => event.type === type,
    since,
  };
}

/** Also to a verifier in the relying service’s own process, which knows neither ledger nor other scopes. */
async function presentTwice(...of: Parameters<typeof present>): Promise<Outcome> {
  const [stage, scope, token] = of;
  const outcome = await present(...of);
  const offline = await stage.offline(scope, token);
  return {
    ...outcome,
    refused: `${outcome.refused}, offline: ${offline ?? 'accepted'}`,
    failed: outcome.failed && offline !== undefined,
  };
}

/** What opened the mailboxes: a key of one system signs a token for the other. */
export const otherScope: Attack = {
  name: 'key of one scope used for another',
  async play(stage) {
    const token = await stage.forge(stage.thief, await stage.key(stage.consumers, 'active'), stage.mail);
    return presentTwice(stage, stage.mail, token, 'token.cross_scope');
  },
};

/** The key of 2016 signed in 2023. */
export const pastWindow: Attack = {
  name: 'key past its window',
  async play(stage) {
    const old = await stage.key(stage.consumers, 'active');
    await stage.service.act('POST', `/v1/admin/scopes/${stage.consumers.id}/rotate`, { reason: 'storm' });
    await untilWindowIsOver(stage);
    return presentTwice(
      stage,
      stage.consumers,
      await stage.forge(stage.thief, old, stage.consumers),
      'token.retired_key',
    );
  },
};

/** Its end comes with the next round of the chores; a token of the same second is still dated within. */
async function untilWindowIsOver(stage: Stage): Promise<void> {
  const until = async () => (await stage.key(stage.consumers, 'deactivated')).sign_until;
  while (Math.floor(Date.now() / 1000) <= (await until())) await wait(100);
}

/** Everything about the token is right, but for its never having been issued. */
export const ownKey: Attack = {
  name: 'forgery with the HSM’s own key',
  async play(stage) {
    const key = await stage.key(stage.mail, 'active');
    const outcome = await present(
      stage,
      stage.mail,
      await stage.forge(stage.intruder, key, stage.mail),
      'token.never_issued',
    );
    return {
      ...outcome,
      leaves: (event) => event.type === 'token.never_issued' && event.evidence.kid === key.kid,
    };
  },
};
