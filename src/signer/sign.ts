import { type ErrorCode, KeywardError } from '../kernel/errors.ts';
import { verifySignatureSync } from '../token/signature.ts';
import type { Epoch } from './epoch.ts';
import type { Sealing } from './guard.ts';
import type { Hsm, Session } from './hsm.ts';
import { type LoadedKeys, type ServedKey, signLater, signNow } from './loaded-keys.ts';
import type { Failure, Operations, SignOutcome } from './protocol.ts';

interface Signing {
  readonly hsm: Hsm;
  readonly loadedKeys: LoadedKeys;
  readonly epoch: Epoch;
}

interface Item {
  readonly at: number;
  readonly kid: string;
  readonly signingInput: string;
  readonly bindingRecords: readonly string[];
}

const UNKNOWN_KEY: Failure = {
  code: 'key_unproven' satisfies ErrorCode,
  message: 'no proven key of this kid is in service',
};

/** Signs each of a batch that its key permits; one that fails leaves the others alone. Answers in order. */
export async function signBatch(
  signing: Signing,
  batch: Operations['sign']['takes'],
): Promise<SignOutcome[]> {
  const { hsm, loadedKeys } = signing;
  const outcomes: SignOutcome[] = batch.map(() => UNKNOWN_KEY);
  const [quick, slow]: [Item[], Item[]] = [[], []];
  for (const [at, [kid, signingInput, bindingRecords = []]] of batch.entries()) {
    const key = loadedKeys.get(kid);
    if (!key) continue;
    const isSlow = hsm.pace.isSlow(key.algorithm) && !loadedKeys.isOwn(key);
    (isSlow ? slow : quick).push({ at, kid, signingInput, bindingRecords });
  }
  const direct =
    quick.length > 0 &&
    hsm.direct.lend((session) => {
      for (const item of quick) outcomes[item.at] = signDirectly(signing, session, item);
    });
  const concurrent = slow.map(async (item) => {
    outcomes[item.at] = await signConcurrently(signing, item);
  });
  await Promise.all([direct, ...concurrent]);
  return outcomes;
}

/** In one turn from guard to keeping: nothing else is sealed in between. */
function signDirectly({ hsm, loadedKeys, epoch }: Signing, session: Session, item: Item): SignOutcome {
  if (epoch.end) return epoch.end;
  const { kid, signingInput, bindingRecords } = item;
  // It may have gone out of service since the batch came, and its handle may name another key.
  const key = loadedKeys.get(kid);
  if (!key) return UNKNOWN_KEY;
  try {
    const sealing = key.guard(signingInput, session.handle, bindingRecords);
    if (sealing?.signature) return sealing.signature;
    const startedAt = performance.now();
    const signature = signNow(hsm.cryptoki, session, key, signingInput);
    hsm.pace.took(key.algorithm, performance.now() - startedAt);
    if (sealing) keep(sealing, key, signingInput, signature);
    return signature;
  } catch (error) {
    return epoch.failed('signing', error);
  }
}

/** What is wrong must not be remembered as the last of its kind. */
function keep(sealing: Sealing, key: ServedKey, signingInput: string, signature: Buffer): void {
  if (!verifySignatureSync(key.algorithm, key.publicKey, signingInput, signature)) {
    throw new KeywardError('signature_wrong', 'the HSM gave a wrong signature');
  }
  sealing.keep(signature);
}

async function signConcurrently({ hsm, loadedKeys, epoch }: Signing, item: Item): Promise<SignOutcome> {
  const { kid, signingInput, bindingRecords } = item;
  try {
    return await hsm.concurrent.lend(async (session) => {
      const key = loadedKeys.get(kid);
      if (!key) return UNKNOWN_KEY;
      key.guard(signingInput, session.handle, bindingRecords);
      const startedAt = performance.now();
      const signature = signLater(hsm.cryptoki, session, key, signingInput);
      const signed = await loadedKeys.whileSigning(key, signature);
      hsm.pace.took(key.algorithm, performance.now() - startedAt);
      return signed;
    });
  } catch (error) {
    return epoch.failed('signing', error);
  }
}
