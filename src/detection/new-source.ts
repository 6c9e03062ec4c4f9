import { z } from 'zod';
import { securityEvent } from '../kernel/security-events.ts';
import { neighbourhoodOf, sourceOf } from '../lib/address.ts';
import { hourOf } from '../lib/instant.ts';
import type { Detection } from './detector.ts';

/** A caller with as many neighbourhoods comes from anywhere: nothing is new about another. */
const ROAMING = 32;
const MOST_SOURCES = 128;
/** A network that a caller has not come from for so long is new again. */
const REMEMBERED_DAYS = 30;
const SHOWN = 16;
const DAY_SECONDS = 86_400;

const memory = z.strictObject({
  /** Networks that it came from, each with the last day, counted from the epoch. */
  sources: z.record(z.string().max(64), z.int().min(0)),
  roams: z.boolean(),
});
type Sources = Readonly<z.infer<typeof memory>>;

/**
 * A credential is used from a network that it did not come from lately. The first of all is where it is at home; another
 * part of a neighbourhood that is known is mere news, since that is how deploys look.
 */
export const newSource: Detection<Sources> = {
  name: 'new-source',
  memory,
  concerns(fact) {
    if (fact.kind === 'changed') return fact.revoked ? fact.caller : undefined;
    return fact.kind === 'authenticated' && fact.remote !== null ? fact.caller : undefined;
  },
  detect(before, fact) {
    if (fact.kind !== 'authenticated' || fact.remote === null) return { memory: undefined, news: [] };
    const day = Math.floor(fact.at / DAY_SECONDS);
    const network = sourceOf(fact.remote);
    const known = before && withoutOld(before, day);
    if (!known) return { memory: { sources: { [network]: day }, roams: false }, news: [] };
    const isKnown = network in known.sources;
    if (isKnown && known.sources[network] === day) return { memory: before, news: [] };
    const sources = newest({ ...known.sources, [network]: day });
    const networks = Object.keys(known.sources);
    const places = new Set(networks.map(neighbourhoodOf));
    const near = places.has(neighbourhoodOf(network));
    const roams = known.roams || places.add(neighbourhoodOf(network)).size >= ROAMING;
    if (isKnown || known.roams) return { memory: { sources, roams }, news: [] };
    const since = hourOf(fact.at);
    const evidence = {
      caller: fact.caller,
      remote: fact.remote,
      network,
      near,
      networks: networks.slice(-SHOWN),
      since,
    };
    return { memory: { sources, roams }, news: [securityEvent('client.new_source', evidence)] };
  },
};

/** Undefined where nothing is left: then nobody knows any more where it is at home. */
function withoutOld({ sources, roams }: Sources, day: number): Sources | undefined {
  const lately = Object.entries(sources).filter(([, seen]) => day - seen <= REMEMBERED_DAYS);
  return lately.length === 0 ? undefined : { sources: Object.fromEntries(lately), roams };
}

function newest(sources: Sources['sources']): Sources['sources'] {
  const byDay = Object.entries(sources).sort(([, one], [, other]) => one - other);
  return Object.fromEntries(byDay.slice(-MOST_SOURCES));
}
