import type { KeyReference } from '../../kernel/signer.ts';
import type { Operation, Operations } from '../protocol.ts';
import type { Deadlines } from './options.ts';

/** Finding a key, reading it attribute by attribute and making it sign, on an HSM across a network. */
const SERVE_MS_PER_KEY = 20;

const MEMBER = {
  open: 'openMs',
  sign: 'signMs',
  generate: 'generateMs',
  trial: 'generateMs',
  serve: 'openMs',
  prove: 'openMs',
  inventory: 'openMs',
  discard: 'openMs',
  destroy: 'openMs',
  sealed: 'openMs',
  describe: 'openMs',
} as const satisfies Record<Operation, keyof Deadlines>;

export function deadlineOf<K extends Operation>(
  deadlines: Deadlines,
  op: K,
  takes: Operations[K]['takes'],
): number {
  const keys = op === 'serve' ? (takes as readonly KeyReference[]).length : 0;
  return deadlines[MEMBER[op]] + keys * SERVE_MS_PER_KEY;
}
