import type { Failure } from '../protocol.ts';
import type { Child } from './child.ts';
import type { Timers } from './timers.ts';

const EVERY_MS = 1_000;

/**
 * Asks an idle process a small question each second, so that one which hangs is found before a caller finds
 * it: its deadline kills it. A busy process has deadlines of its own. The function returned stops it.
 */
export function keepAsking(
  child: Child,
  deadlineMs: number,
  timers: Timers,
  onFailure: (failure: Failure) => void,
): () => void {
  let cancel = () => {};
  const wait = () => {
    cancel = timers.after(EVERY_MS, ask);
  };
  const ask = () => {
    wait();
    if (!child.idle) return;
    void child.call('describe', null, deadlineMs).then((answer) => {
      if ('failure' in answer) onFailure(answer.failure);
    });
  };
  wait();
  return () => cancel();
}
