import { REFUSAL_REASONS, type RefusalReason } from '../kernel/verification.ts';
import { parseStrictObject } from '../token/strict-json.ts';
import { VerifierUnavailable } from './errors.ts';
import { messageOf } from './problem.ts';
import type { Service } from './service.ts';

const reasons: readonly unknown[] = REFUSAL_REASONS;
/** Past it, callers are told at once that there is no verdict. */
const MOST_AT_ONCE = 64;

/** The service's own word on a token, for what a verifier cannot know by itself. */
export class VerdictService {
  readonly #service: Service;
  readonly #scope: string;
  #underWay = 0;

  constructor(service: Service, scope: string) {
    this.#service = service;
    this.#scope = scope;
  }

  /** Why the service refuses the token, or `valid`. `VerifierUnavailable` where it does not say. */
  async ask(token: string): Promise<RefusalReason | 'valid'> {
    if (this.#underWay >= MOST_AT_ONCE) throw new VerifierUnavailable('too many tokens wait for the service');
    this.#underWay += 1;
    try {
      const { text } = await this.#service.call({
        method: 'POST',
        path: `v1/scopes/${this.#scope}/verify`,
        body: { token },
        accept: ['application/json'],
        maxBytes: 64 * 1024,
        deadlineMs: 5_000,
      });
      return verdictIn(text);
    } catch (error) {
      throw new VerifierUnavailable(`the service gave no verdict: ${messageOf(error)}`, { cause: error });
    } finally {
      this.#underWay -= 1;
    }
  }
}

function verdictIn(text: string): RefusalReason | 'valid' {
  const { valid, reason } = parseStrictObject(text, { maxDepth: 20 });
  if (valid === true) return 'valid';
  if (valid === false && reasons.includes(reason)) return reason as RefusalReason;
  throw new Error('the answer is no verdict');
}
