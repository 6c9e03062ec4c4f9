import type { Ledger } from '../../src/kernel/issuance.ts';
import { DEFAULT_POLICY, type ScopePolicy } from '../../src/kernel/policy.ts';
import { createRegistrySeal } from '../../src/keys/registry-key.ts';
import { FakeSigner } from '../support/fake-signer.ts';
import { MemoryLedger } from '../support/memory-ledger.ts';
import { openTestStore } from '../support/open-test-store.ts';
import type { MovableClock } from './movable-clock.ts';
import { openRehearsedService } from './rehearsed-service.ts';

export const REHEARSAL_GRACE = 3_600;

/** A scope on the real registry in SQLite, with keys that a thief has copies of. */
export async function rehearsed(
  clock: MovableClock,
  options: { readonly policy?: Partial<ScopePolicy>; readonly ledger?: Ledger } = {},
) {
  const signer = new FakeSigner();
  const registryKey = {
    ...signer.registry,
    sign: async (signingInput: string) =>
      `${signingInput}.${signer.registry.sign(signingInput).toString('base64url')}`,
  };
  const { store } = await openTestStore({ seal: createRegistrySeal(registryKey, signer) });
  const service = await openRehearsedService({
    registry: store.registry,
    signer,
    registryKey,
    ledger: options.ledger ?? new MemoryLedger(),
    clock,
    graceSeconds: REHEARSAL_GRACE,
    scope: {
      id: 'payments',
      issuer: 'https://id.example',
      audience: 'payments',
      algorithm: 'ES256',
      modulusBits: null,
      hsmToken: 'primary',
      standbyToken: null,
      policy: { ...DEFAULT_POLICY, ...options.policy },
      contacts: [],
    },
    signCopy: (of, signingInput) => signer.copyOf(of).sign(signingInput),
  });
  return { service, store, signer };
}
