import { randomBytes } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { SignerSettings } from '../../src/signer/settings.ts';
import { occurrencesInMemory } from '../support/process-memory.ts';
import { startSigner } from '../support/signer-process.ts';
import { createSoftHsm, makeToken, SOFTHSM_MODULE, type SoftHsm } from '../support/softhsm.ts';

vi.setConfig({ testTimeout: 240_000, hookTimeout: 60_000 });

/** Of each PIN: a copy that survives now and then shows in one of several processes. */
const PROCESSES = 2;
/** Of a copy that was freed and partly written over. */
const REST = 12;

let hsm: SoftHsm;

beforeAll(async () => {
  hsm = await createSoftHsm();
});

afterAll(() => hsm.remove());

const random = (length: number) => randomBytes(length).toString('base64url').slice(0, length);

/** A token of its own with that PIN. */
async function tokenWith(pin: string): Promise<SignerSettings> {
  const tokenLabel = `kw ${random(12)}`;
  const tokenSerial = await makeToken(hsm.environment, {
    modulePath: SOFTHSM_MODULE,
    label: tokenLabel,
    pin,
  });
  const pinFile = join(hsm.folder, `pin of ${tokenLabel}`);
  writeFileSync(pinFile, `${pin}\n`, { mode: 0o600 });
  return { ...hsm.settings, tokenLabel, tokenSerial, pinFile, latchFile: `${pinFile}.latch` };
}

/** Whole, its end, and as JavaScript keeps what is not Latin-1. */
function formsOf(pin: string): Buffer[] {
  const bytes = Buffer.from(pin);
  return [bytes, bytes.subarray(-REST), Buffer.from(pin, 'utf16le')];
}

it.each([
  ['of 8 characters', random(8)],
  ['of 15', random(15)],
  ['of 16', random(16)],
  ['of 43, as Keyward makes them', random(43)],
  ['of 255', random(255)],
  ['with other letters than ASCII', `pä—${random(20)}`],
])('the memory of a signer that has logged in holds no PIN: %s', async (_, pin) => {
  const settings = await tokenWith(pin);
  for (let started = 0; started < PROCESSES; started += 1) {
    const signer = startSigner(hsm.environment, settings);
    await signer.open();
    const pid = signer.child.pid ?? 0;
    const label = Buffer.from(settings.tokenLabel);
    const [ofLabel, ...ofPin] = occurrencesInMemory(pid, [label, ...formsOf(pin)]);
    expect(ofLabel).toBeGreaterThan(0);
    expect(ofPin).toEqual([0, 0, 0]);
    await signer.stop();
  }
});

it('neither does that of one whose PIN was rejected', async () => {
  const wrong = random(24);
  const settings = await tokenWith(random(24));
  writeFileSync(settings.pinFile, wrong);
  for (let started = 0; started < PROCESSES; started += 1) {
    const signer = startSigner(hsm.environment, settings);
    expect(await signer.failing('open', signer.opening)).toMatchObject({ code: 'pin_latched' });
    expect(occurrencesInMemory(signer.child.pid ?? 0, formsOf(wrong))).toEqual([0, 0, 0]);
    await signer.stop();
    rmSync(settings.latchFile);
  }
});
