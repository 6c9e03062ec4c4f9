import { securityEvent } from '../../kernel/security-events.ts';
import { hourOf } from '../../lib/durations.ts';
import type { Detection } from '../detection.ts';
import { observe, type RateHistory, rateHistory } from '../../detection/rate-history.ts';

const HABITS = { floor: 30, learns: false } as const;

/** Credentials with a wrong form or checksum, many of them: a scanner, or a client with a broken secret. */
export const malformedBurst: Detection<RateHistory> = {
  name: 'malformed-burst',
  memory: rateHistory,
  concerns: (fact) =>
    fact.kind === 'refused' && fact.code === 'credential_malformed' ? `plane:${fact.plane}` : undefined,
  detect(memory, fact) {
    if (fact.kind !== 'refused') return { memory, news: [] };
    const { history, unusual } = observe(memory, fact.at, fact.count, HABITS);
    if (!unusual) return { memory: history, news: [] };
    const { plane, remote, at } = fact;
    const { count, expected } = unusual;
    const evidence = { plane, remote, count, expected, since: hourOf(at) };
    return { memory: history, news: [securityEvent('credential.malformed_burst', evidence)] };
  },
};
