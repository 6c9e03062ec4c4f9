import fc, { type AsyncCommand } from 'fast-check';
import type { History } from './history.ts';
import type { HistoryModel, ModelKey } from './model.ts';

/** One step of a history, as `fc.commands` has it. */
export type Step = AsyncCommand<HistoryModel, History>;

/** Taken where it can be by the model, and followed by the checks of the history. `name` is what a failure shows. */
export function step(
  name: string,
  can: (model: HistoryModel) => boolean,
  take: (model: HistoryModel, history: History) => Promise<void>,
): Step {
  return {
    check: can,
    async run(model, history) {
      await take(model, history);
      await history.check(model);
    },
    toString: () => name,
  };
}

export const by = (operatorId: string) => ({ operatorId, requestId: null });
export const pick = fc.nat({ max: 11 });
export const operator = fc.constantFrom('alice', 'bob', 'dan');
export const always = () => true;

/** The nth of what is there by then, begun anew past the end. */
export function nth<T>(all: Iterable<T>, n: number): T {
  const list = [...all];
  return list[n % list.length] as T;
}

export const scopeOf = ({ scopes }: HistoryModel, n: number) => nth(scopes, n);
export const keyOf = ({ keys }: HistoryModel, n: number) => nth(keys.values(), n);

/** One of those that the step is for, where there are any. */
export function keyIn({ keys }: HistoryModel, states: readonly ModelKey['state'][], n: number): ModelKey {
  const all = [...keys.values()];
  const apt = all.filter(({ state }) => states.includes(state));
  return nth(n % 4 > 0 && apt.length > 0 ? apt : all, n);
}
