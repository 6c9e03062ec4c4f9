import { Agent } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { type Bench, BYSTANDER, SCOPE } from './bench.ts';
import type { ClientTokens } from './client-tokens.ts';
import type { Addresses } from './front.ts';
import { type Answer, type Call, request } from './request.ts';

const SINGLE_CALLERS = 8;
const BATCH_SIZE = 16;
const AFTER_REFUSAL_MS = 10;

export interface Clients {
  /** Settles with the first token that one of them holds. */
  readonly firstToken: Promise<void>;
  /** Settles once every answer under way has come or broken off. */
  stop(): Promise<void>;
}

/** Identity services that ask for tokens, one by one and in batches, and two operators who change and revoke. */
export function startClients(
  { data, operations }: Addresses,
  { credentials }: Bench,
  clientTokens: ClientTokens,
): Clients {
  const agent = new Agent({ keepAlive: true });
  const tokens = `${data}/v1/scopes/${SCOPE}/tokens`;
  const claims = { sub: 'alice' };
  const first = Promise.withResolvers<void>();
  let going = true;

  const ask = async (call: Call): Promise<Answer> => {
    const answer = await request(agent, call);
    clientTokens.note(answer);
    if (answer.status === 0 || answer.status >= 400) await pause(AFTER_REFUSAL_MS);
    return answer;
  };
  const sign = async (url: string, body: object) => {
    const taken = clientTokens.take(await ask({ method: 'POST', url, credential: credentials.sign, body }));
    if (taken.length > 0) first.resolve();
    return taken;
  };
  const administer = (method: string, path: string, body: object) =>
    ask({ method, url: `${operations}/v1/admin/${path}`, credential: credentials.operator, body });

  const acts: (() => Promise<void>)[] = [
    ...Array.from({ length: SINGLE_CALLERS }, () => async () => {
      for (const { token } of await sign(tokens, { claims })) clientTokens.newest = token;
    }),
    async () => {
      await sign(`${tokens}/batch`, { requests: Array.from({ length: BATCH_SIZE }, () => ({ claims })) });
    },
    async () => {
      for (const { jti } of await sign(tokens, { claims })) {
        const { status } = await administer('POST', 'revocations', {
          scope: SCOPE,
          jti,
          reason: 'crash run',
        });
        if (status === 201) clientTokens.revoked.push(jti);
      }
    },
    async () => {
      const { grant } = clientTokens;
      grant.asked = !grant.confirmed;
      const body = { client: BYSTANDER, scope: SCOPE, action: 'verify' };
      const { status } = await administer(grant.asked ? 'POST' : 'DELETE', 'grants', body);
      if (status !== 200) return;
      grant.confirmed = grant.asked;
      grant.changes += 1;
    },
  ];
  const callers = acts.map(async (act) => {
    while (going) await act();
  });
  return {
    firstToken: first.promise,
    async stop() {
      going = false;
      await Promise.all(callers);
      agent.destroy();
    },
  };
}
