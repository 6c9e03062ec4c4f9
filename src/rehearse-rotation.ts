import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore } from './db/open-store.ts';
import { FIRST_TOKEN } from './domain/hsm-token.ts';
import { DEFAULT_POLICY } from './domain/policy.ts';
import { type MovableClock, type SimulationReport, simulateRotations } from './drill/simulate-rotations.ts';
import { TrialSigner } from './drill/trial-signer.ts';
import { createRegistrySeal } from './keys/registry-seal.ts';
import { openRehearsedService } from './rehearsed-service.ts';

const DAY = 86_400;
const START = 1_767_225_600;
const GRACE_SECONDS = 3_600;

export interface RotationRehearsal {
  readonly days: number;
  readonly seed: number;
}

/** A time of rotations on a clock that is moved by hand, with a database of its own that is gone afterwards. */
export async function rehearseRotation({ days, seed }: RotationRehearsal): Promise<SimulationReport> {
  const folder = mkdtempSync(join(tmpdir(), 'keyward-drill-'));
  const clock = movableClock(START);
  const signer = new TrialSigner();
  const { kid, publicKey } = signer.registry;
  const registryKey = {
    kid,
    publicKey,
    async sign(signingInput: string) {
      return `${signingInput}.${(await signer.sign({ kid, signingInput })).toString('base64url')}`;
    },
  };
  const file = join(folder, 'keyward.db');
  const store = await openStore({ file, queueLimit: 1_000, clock, onEvent: () => {} });
  try {
    await store.openRegistry({ seal: createRegistrySeal(registryKey, signer) });
    const service = await openRehearsedService({
      registry: store.registry,
      signer,
      registryKey,
      ledger: { record: async () => {} },
      clock,
      graceSeconds: GRACE_SECONDS,
      scope: {
        id: 'rehearsal',
        issuer: 'https://rehearsal.invalid',
        audience: 'rehearsal',
        algorithm: 'ES256',
        modulusBits: null,
        hsmToken: FIRST_TOKEN,
        policy: DEFAULT_POLICY,
        contacts: [],
      },
      signCopy: (of, signingInput) => signer.signCopy(of, signingInput),
    });
    const latenessSeconds = Math.floor(GRACE_SECONDS * 0.8);
    return await simulateRotations({ service, clock, seconds: days * DAY, seed, latenessSeconds });
  } finally {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

export function movableClock(start: number): MovableClock {
  let now = start;
  return {
    nowSeconds: () => now,
    moveTo(seconds) {
      now = seconds;
    },
  };
}
