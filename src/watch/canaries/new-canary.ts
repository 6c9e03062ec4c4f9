import { randomBytes } from 'node:crypto';
import type { Canary } from '../../kernel/canary.ts';

const ID_BYTES = 8;

/** Under an id that nobody guesses: it names a decoy to whoever has no right to list them. */
export function newCanary(
  of: Pick<Canary, 'kind' | 'planted' | 'scopeId'> & Partial<Pick<Canary, 'digest' | 'key'>>,
  createdBy: string,
  createdAt: number,
): Canary {
  const { kind, planted, scopeId, digest = null, key = null } = of;
  const id = randomBytes(ID_BYTES).toString('hex');
  return { id, kind, planted, digest, scopeId, key, createdBy, createdAt, retiredAt: null };
}
