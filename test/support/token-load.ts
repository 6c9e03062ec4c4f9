import type { HttpAnswer, RunningService } from './running-service.ts';

/** Callers that each ask for one token after another, until told to stop. */
export interface TokenLoad {
  /** Tokens released so far. */
  readonly tokens: readonly string[];
  /** Every other answer so far. */
  readonly refusals: readonly HttpAnswer[];
  /** Settles with the next token that was asked for from now on. */
  nextToken(): Promise<void>;
  /** Settles with the next refusal. */
  nextRefusal(): Promise<void>;
  stop(): Promise<void>;
}

const CALLERS = 8;

export function loadTokens(service: RunningService, scope: string, credential: string): TokenLoad {
  const tokens: string[] = [];
  const refusals: HttpAnswer[] = [];
  const waiting = { token: Promise.withResolvers<void>(), refusal: Promise.withResolvers<void>() };
  let asked = 0;
  let threshold = 0;
  let going = true;
  const tell = (what: keyof typeof waiting) => {
    waiting[what].resolve();
    waiting[what] = Promise.withResolvers();
  };
  const caller = async () => {
    while (going) {
      const turn = asked++;
      const answer = await service.data('POST', `/v1/scopes/${scope}/tokens`, credential, {
        claims: { sub: `subject-${turn}` },
      });
      if (answer.status !== 201) {
        refusals.push(answer);
        tell('refusal');
      } else {
        tokens.push(answer.body.token);
        if (turn >= threshold) tell('token');
      }
    }
  };
  const callers = Array.from({ length: CALLERS }, caller);
  return {
    tokens,
    refusals,
    nextToken() {
      threshold = asked;
      return waiting.token.promise;
    },
    nextRefusal: () => waiting.refusal.promise,
    async stop() {
      going = false;
      await Promise.all(callers);
    },
  };
}
