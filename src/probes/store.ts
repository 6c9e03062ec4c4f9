import { camelCased } from '../db/camel-case.ts';
import { type RegistryChanges, settling } from '../db/signed/registry-changes.ts';
import { put, type RowOf, remove, rowId } from '../db/signed/tables.ts';
import type { RegistryView } from '../db/signed/trusted-registry.ts';
import { actOf } from '../kernel/audit.ts';
import { compareText } from '../lib/text.ts';
import type { VerifierProbe, VerifierProbeStore } from './probe.ts';

type Row = RowOf<'verifier_probes'>;

/** Signed rows of the registry: whoever could edit one would have tokens sent elsewhere, or a verifier left alone. */
export function createVerifierProbes(changes: RegistryChanges): VerifierProbeStore {
  return {
    all: () => changes.view.rows('verifier_probes').map(camelCased).toSorted(byPlace),
    set: ({ clientId, scopeId, url, setAt }, actor) => {
      const row = { client_id: clientId, scope_id: scopeId, url, set_at: setAt };
      const was = found(changes.view, row)?.url ?? null;
      return changes.change(
        actOf(actor, 'probe.set', `client:${clientId}`, { scope: scopeId, was, is: url }),
        settling(actor, () => [put('verifier_probes', row)]),
      );
    },
    remove: async ({ clientId, scopeId }, actor) => {
      const named = { client_id: clientId, scope_id: scopeId };
      const was = found(changes.view, named)?.url;
      if (was === undefined) return;
      await changes.change(
        actOf(actor, 'probe.removed', `client:${clientId}`, { scope: scopeId, was }),
        settling(actor, (registry) => {
          const row = found(registry, named);
          return row ? [remove('verifier_probes', row)] : [];
        }),
      );
    },
  };
}

function found(registry: RegistryView, { client_id, scope_id }: Pick<Row, 'client_id' | 'scope_id'>) {
  return registry.row('verifier_probes', rowId('verifier_probes', { client_id, scope_id }));
}

function byPlace(a: VerifierProbe, b: VerifierProbe): number {
  return compareText(a.clientId, b.clientId) || compareText(a.scopeId, b.scopeId);
}
