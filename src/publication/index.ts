import type { Config } from '../config.ts';
import type { Store } from '../db/open-store.ts';
import type { Clock } from '../kernel/clock.ts';
import type { PublicJwk, WatchedKeyRing } from '../kernel/key.ts';
import type { WatchedRevocations } from '../kernel/revocation.ts';
import type { Subscribable } from '../lib/emitter.ts';
import { EventStreams } from '../server/event-streams.ts';
import { supplied } from '../server/route.ts';
import { createPublication, type PublicationParts } from './publication.ts';
import { followEvents } from './routes/events.ts';
import { listKeySetSigners } from './routes/key-set-signers.ts';
import { keySetRoutes } from './routes/key-sets.ts';
import { acknowledgeKeySet, adminVerifierRoutes } from './routes/verifiers.ts';
import { createScopeEvents } from './scope-events.ts';
import { shareStandings } from './share-standings.ts';
import { createVerifierDirectory, verifierGauges } from './verifier-directory.ts';

export const PUBLICATION_ROUTES = {
  data: [followEvents, acknowledgeKeySet, ...keySetRoutes],
  operations: [...adminVerifierRoutes, listKeySetSigners],
} as const;

const SHARED_MS = 2_000;

type PinnedKey = PublicationParts['registryKey'] & { readonly publicJwk: PublicJwk };

interface PublicationDeps {
  readonly config: Config;
  readonly store: Pick<Store, 'notes'>;
  readonly keyRing: WatchedKeyRing;
  readonly registryKey: PinnedKey;
  /** By HSM token. */
  readonly bindingKeys: { of(hsmToken: string): PinnedKey };
  readonly revocations: WatchedRevocations;
  readonly clientChanges: Subscribable<string>;
  readonly clock: Clock;
}

/** What verifiers go by: key sets, events of a scope, and who follows them. */
export function openPublication(deps: PublicationDeps) {
  const { config, store, keyRing, registryKey, revocations, clientChanges, clock } = deps;
  const deputies = Object.keys(config.hsm_tokens).map((hsmToken) => deps.bindingKeys.of(hsmToken));
  const publication = createPublication({
    ...{ keyRing, clock, registryKey, deputies, publicUrl: publicUrl(config) },
  });
  const verifiers = createVerifierDirectory({ keyRing, clock });
  const scopeEvents = createScopeEvents({ keyRing, revocations, clock });
  const eventStreams = new EventStreams(config.limits);
  clientChanges.subscribe((clientId) => eventStreams.review(clientId));
  return {
    verifiers,
    tasks: store.notes
      ? [
          {
            name: 'verifiers of all fronts',
            everyMs: SHARED_MS,
            tick: shareStandings(store.notes, verifiers),
          },
        ]
      : [],
    gauges: verifierGauges(keyRing, verifiers),
    routes: {
      data: supplied(PUBLICATION_ROUTES.data, { publication, scopeEvents, verifiers, eventStreams }),
      operations: supplied(PUBLICATION_ROUTES.operations, {
        ...{ keyRing, verifiers },
        keySetSigners: [registryKey, ...deputies],
      }),
    },
    drain: () => eventStreams.end(),
    stop: () => eventStreams.end(),
  };
}

function publicUrl({ data_plane: { public_url, host, port, tls } }: Config): string {
  return public_url ?? `${tls ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
