import type { Config } from '../config.ts';

const SINGLE_OPERATOR =
  'single-operator mode: one operator alone does what takes two persons; not for production';
const ONE_NODE =
  'database.durability single: a promotion of another node may lose records of tokens in use; use replicated';

/** What a service says at each start of what it does without. */
export function warningsOf({ mode, two_persons, database }: Config): readonly string[] {
  return [
    ...(mode === 'development' ? ['development mode: not for production'] : []),
    ...(two_persons ? [] : [SINGLE_OPERATOR]),
    ...('durability' in database && database.durability === 'single' ? [ONE_NODE] : []),
  ];
}
