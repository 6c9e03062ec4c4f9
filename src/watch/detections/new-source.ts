import { z } from 'zod';
import { securityEvent } from '../../domain/security-events.ts';
import type { Detection } from '../detection.ts';
import { neighbourhoodOf, sourceOf } from '../sources.ts';

/** A caller with as many neighbourhoods comes from anywhere: nothing is new about another. */
const ROAMING = 32;
const MOST_SOURCES = 128;

const memory = z.strictObject({
  /** Networks that it came from, the first one first. */
  sources: z.array(z.string().max(64)).max(MOST_SOURCES),
  roams: z.boolean(),
});
type Sources = Readonly<z.infer<typeof memory>>;

/**
 * A credential is used from a network that it never came from. The first of all is where it is at home; another
 * part of a neighbourhood that is known is mere news, since that is how deploys look.
 */
export const newSource: Detection<Sources> = {
  name: 'new-source',
  memory,
  concerns(fact) {
    if (fact.kind === 'changed') return fact.revoked ? fact.caller : undefined;
    return fact.kind === 'authenticated' && fact.remote !== null ? fact.caller : undefined;
  },
  detect(known, fact) {
    if (fact.kind !== 'authenticated' || fact.remote === null) return { memory: undefined, news: [] };
    const source = sourceOf(fact.remote);
    if (!known) return { memory: { sources: [source], roams: false }, news: [] };
    if (known.roams || known.sources.includes(source)) return { memory: known, news: [] };
    const sources = [...known.sources, source].slice(-MOST_SOURCES);
    const neighbourhoods = new Set(known.sources.map(neighbourhoodOf));
    const near = neighbourhoods.has(neighbourhoodOf(source));
    const evidence = {
      caller: fact.caller,
      remote: fact.remote,
      network: source,
      near,
      networks: known.sources.slice(-16),
    };
    const roams = neighbourhoods.add(neighbourhoodOf(source)).size >= ROAMING;
    return { memory: { sources, roams }, news: [securityEvent('client.new_source', evidence)] };
  },
};
