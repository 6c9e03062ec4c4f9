import { securityEvent } from '../../kernel/security-events.ts';
import { hourOf } from '../../lib/durations.ts';
import type { Detection } from '../detection.ts';
import { observe, type RateHistory, rateHistory } from '../../detection/rate-history.ts';

const HABITS = { floor: 20, learns: false } as const;

/**
 * Somebody is turned away again and again: a caller that tries what it may not, or whoever guesses at credentials.
 * Malformed ones are told by themselves.
 */
export const deniedBurst: Detection<RateHistory> = {
  name: 'denied-burst',
  memory: rateHistory,
  concerns(fact) {
    if (fact.kind !== 'refused' || fact.code === 'credential_malformed') return undefined;
    return fact.caller ?? `plane:${fact.plane}`;
  },
  detect(memory, fact) {
    if (fact.kind !== 'refused') return { memory, news: [] };
    const { at, count: more, caller, plane, code, remote } = fact;
    const { history, unusual } = observe(memory, at, more, HABITS);
    if (!unusual) return { memory: history, news: [] };
    const { count, expected } = unusual;
    const evidence = { caller, plane, code, remote, count, expected, since: hourOf(at) };
    return { memory: history, news: [securityEvent('client.denied_burst', evidence)] };
  },
};
