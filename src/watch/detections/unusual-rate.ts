import { securityEvent } from '../../kernel/security-events.ts';
import { hourOf } from '../../lib/durations.ts';
import type { Detection } from '../detection.ts';
import { observe, type RateHistory, rateHistory } from '../../detection/rate-history.ts';

/** A client that never asked for more than this in a minute is too small to be judged by its rate. */
const HABITS = { floor: 30, learns: true } as const;

/** A client gets far more tokens than it ever did in such an hour: somebody else may have its credential. */
export const unusualRate: Detection<RateHistory> = {
  name: 'unusual-rate',
  memory: rateHistory,
  concerns: (fact) => (fact.kind === 'issued' ? fact.client : undefined),
  detect(memory, fact) {
    if (fact.kind !== 'issued') return { memory, news: [] };
    const { history, unusual } = observe(memory, fact.at, fact.count, HABITS);
    if (!unusual) return { memory: history, news: [] };
    const { count, expected, settled } = unusual;
    const evidence = {
      client: fact.client,
      scope: fact.scope,
      count,
      expected,
      settled,
      since: hourOf(fact.at),
    };
    return { memory: history, news: [securityEvent('client.unusual_rate', evidence)] };
  },
};
