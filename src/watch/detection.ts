import type { z } from 'zod';
import type { Fact } from '../kernel/activity.ts';
import type { SecurityEventReport } from '../kernel/security-events.ts';

/** What a detection makes of one fact. */
export interface Detected<M> {
  /** What it remembers from now on of whom the fact concerns; undefined to forget it. */
  readonly memory: M | undefined;
  readonly news: readonly SecurityEventReport[];
}

/**
 * A small pure function over the stream of facts: the same memory and fact give the same answer. It remembers each
 * name by itself, so that what is kept is bounded and only what changed is written down.
 */
export interface Detection<M = unknown> {
  readonly name: string;
  /** Whose memory the fact concerns; undefined where it says nothing to this detection. */
  concerns(fact: Fact): string | undefined;
  detect(memory: M | undefined, fact: Fact): Detected<M>;
  /** How a memory is read back after a restart; absent where nothing is remembered. JSON. */
  readonly memory?: z.ZodType<M>;
}

export const NOTHING = { memory: undefined, news: [] } as const;

/** For detections that tell all from one fact, and remember nothing. */
export function stateless(
  name: string,
  tell: (fact: Fact) => SecurityEventReport | undefined,
): Detection<never> {
  return {
    name,
    concerns: () => '',
    detect(_memory, fact) {
      const news = tell(fact);
      return news ? { memory: undefined, news: [news] } : NOTHING;
    },
  };
}
