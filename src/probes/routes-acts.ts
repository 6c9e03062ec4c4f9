import { z } from 'zod';
import { existing } from '../access/routes/client-acts.ts';
import type { ClientAdministration } from '../kernel/actor.ts';
import type { Act } from '../kernel/acts.ts';
import { KeywardError } from '../kernel/errors.ts';
import { type KeyRing, requireScope } from '../kernel/key.ts';
import { WRITTEN_TYPES } from '../kernel/policy.ts';
import { validated } from '../server/read-body.ts';
import { isPlace, type ProbeAdministration } from './probe.ts';
import { probePlace, probeRepresentation, probeRequest } from './routes.ts';

export interface ProbeActDeps {
  readonly clients: ClientAdministration;
  readonly keyRing: KeyRing;
  readonly probes: ProbeAdministration;
}

const client = z.string();
const setParameters = probeRequest.extend({ client });
const removeParameters = probePlace.extend({ client });

export function setProbe(deps: ProbeActDeps): Act<'probe.set', z.infer<typeof setParameters>> {
  const { clients, keyRing, probes } = deps;
  return {
    name: 'probe.set',
    read: (given) => validated(setParameters, given),
    plan({ client: clientId, scope: scopeId, url }) {
      const { grants, revokedAt } = existing(clients, clientId);
      requireProbeable(keyRing, scopeId);
      if (
        revokedAt !== null ||
        !grants.some((held) => held.scopeId === scopeId && held.action === 'verify')
      ) {
        throw new KeywardError(
          'invalid_probe',
          `client: ${clientId} may not verify for this scope; give it the grant`,
        );
      }
      probes.requireSound({ clientId, scopeId, url });
      const before = urlOf(probes, clientId, scopeId);
      const planned = {
        subject: `client:${clientId}`,
        before: before === null ? null : { scope: scopeId, url: before },
        after: { scope: scopeId, url },
      };
      return before === url ? { ...planned, unchanged: true } : planned;
    },
    async execute({ client: clientId, scope: scopeId, url }, actor) {
      return { probe: probeRepresentation(await probes.set({ clientId, scopeId, url }, actor)) };
    },
  };
}

export function removeProbe({ probes }: ProbeActDeps): Act<'probe.remove', z.infer<typeof removeParameters>> {
  return {
    name: 'probe.remove',
    read: (given) => validated(removeParameters, given),
    plan({ client: clientId, scope: scopeId }) {
      const before = urlOf(probes, clientId, scopeId);
      if (before === null) {
        throw new KeywardError('unknown_probe', 'this client has no probe URL for this scope');
      }
      return { subject: `client:${clientId}`, before: { scope: scopeId, url: before }, after: null };
    },
    async execute({ client: clientId, scope: scopeId }, actor) {
      await probes.remove({ clientId, scopeId }, actor);
      return { client: clientId, scope: scopeId };
    },
  };
}

/** Probes are tokens that Keyward writes. */
function requireProbeable(keyRing: KeyRing, scopeId: string): void {
  const scope = requireScope(keyRing, scopeId);
  const written: readonly string[] = WRITTEN_TYPES;
  if (scope.policy.tokenTypes.some((type) => written.includes(type))) return;
  throw new KeywardError('invalid_probe', `scope: its policy allows none of ${WRITTEN_TYPES.join(', ')}`);
}

function urlOf(probes: ProbeAdministration, clientId: string, scopeId: string): string | null {
  return probes.list().find((each) => isPlace(each, { clientId, scopeId }))?.url ?? null;
}
