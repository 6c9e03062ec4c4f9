import fc from 'fast-check';
import { expect } from 'vitest';
import { CLIENTS, refusalOf } from './history.ts';
import { activeOf, refusalOfIssuing } from './model.ts';
import { always, by, keyOf, nth, operator, pick, scopeOf, step } from './step.ts';

export const issue = fc.tuple(pick, fc.constantFrom(...CLIENTS)).map(([n, client]) =>
  step(`issue in ${n} for ${client}`, always, async (model, history) => {
    const [scopeId, clientId] = [scopeOf(model, n), history.clientId(client)];
    const issued = history.parts.issuer.issue({ scopeId, clientId, claims: { sub: 'alice' } });
    const refusal = await refusalOf(issued);
    expect(refusal, 'why it is not issued').toBe(refusalOfIssuing(model, scopeId, clientId));
    if (refusal === 'hsm_unavailable') model.unsigned += 1;
    if (refusal) return;
    const { token: text, ...named } = await issued;
    expect(named.kid).toBe(activeOf(model, scopeId)?.kid);
    model.tokens.push({ ...named, text, scopeId, clientId, revoked: false });
  }),
);

export const verifyAll = fc.constant(
  step(
    'verify all',
    ({ tokens }) => tokens.length > 0,
    async (model, history) => {
      for (const token of model.tokens) await history.checkToken(model, token);
    },
  ),
);

/** Mostly with the scope's own key. */
export const forge = fc.tuple(pick, pick).map(([n, of]) =>
  step(`forge in ${n} with ${of}`, always, async (model, history) => {
    const scopeId = scopeOf(model, n);
    const key = (of % 4 > 0 ? activeOf(model, scopeId) : undefined) ?? keyOf(model, of);
    const { valid } = await history.parts.verifier.verify(scopeId, history.forge(scopeId, key));
    expect(valid, 'a forged token is accepted').toBe(false);
  }),
);

export const revokeToken = fc.tuple(pick, operator).map(([n, who]) =>
  step(
    `revoke token ${n}`,
    ({ tokens }) => tokens.length > 0,
    async (model, history) => {
      const token = nth(model.tokens, n);
      const parameters = { scope: token.scopeId, jti: token.jti };
      await history.parts.gate.ask({ act: 'revocation.add', parameters, actor: by(who) });
      token.revoked = true;
    },
  ),
);

export const revokeClient = fc.tuple(pick, fc.constantFrom(...CLIENTS), operator).map(([n, client, who]) =>
  step(`revoke what ${client} has in ${n}`, always, async (model, history) => {
    const [scopeId, clientId] = [scopeOf(model, n), history.clientId(client)];
    const parameters = { scope: scopeId, client: clientId };
    await history.parts.gate.ask({ act: 'revocation.add', parameters, actor: by(who) });
    model.rules.push({ scopeId, clientId, until: model.now });
    for (const token of model.tokens) {
      if (token.scopeId === scopeId && token.clientId === clientId) token.revoked = true;
    }
  }),
);
