import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import graphene from 'graphene-pk11';
import { KeywardError } from '../kernel/errors.ts';
import type { PinTerms } from '../kernel/signer.ts';
import { isBeforePin, isPinRejection } from './ckr.ts';
import { type Cryptoki, CryptokiError, type Handle } from './cryptoki.ts';
import { readPinFile } from './pin-file.ts';
import { type Attempt, beginPinAttempt, inPinTurn } from './pin-latch.ts';
import type { SignerSettings } from './settings.ts';

/**
 * Collects everything that nothing refers to, and gives the pages it lay on back to the system: what a string held
 * is in this process's memory no more. A collection of any other flavour leaves the bytes where they are.
 */
function collectGarbage(): void {
  // Not before: V8 uses no code that was compiled under other flags, and this process would compile its packages anew.
  setFlagsFromString('--expose-gc');
  const collect: NodeJS.GCFunction = runInNewContext('gc');
  collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}

const { USER_PIN_FINAL_TRY, USER_PIN_LOCKED } = graphene.TokenFlag;

/** The one login of this process. `pin_latched`, `hsm_unavailable`, `invalid_config`, or what the module answered. */
export function login(
  cryptoki: Cryptoki,
  session: Handle,
  token: Pick<graphene.Token, 'flags' | 'serialNumber'>,
  settings: Pick<SignerSettings, 'pinFile' | 'latchFile'>,
  terms?: PinTerms,
): void {
  refuseNearLock(token.flags);
  const { pin, identity } = readPinFile(settings.pinFile);
  try {
    const success = { tokenSerial: token.serialNumber, pinFile: identity };
    inPinTurn(settings.latchFile, () =>
      tryPin(cryptoki, session, pin, beginPinAttempt(settings.latchFile, success, terms)),
    );
  } finally {
    pin.fill(0);
    cryptoki.overwriteFreed(session, pin.length);
    collectGarbage();
  }
}

function tryPin(cryptoki: Cryptoki, session: Handle, pin: Buffer, attempt: Attempt): void {
  try {
    cryptoki.login(session, pin);
  } catch (error) {
    if (error instanceof CryptokiError) conclude(attempt, error);
    throw error;
  }
  attempt.succeeded();
}

/** Any other answer leaves the fate of the attempt unknown, and the record as it is. */
function conclude(attempt: Attempt, error: CryptokiError): void {
  if (isPinRejection(error.ckr)) {
    attempt.rejected(error.ckr);
    throw new KeywardError('pin_latched', 'the HSM rejected the PIN', { cause: error });
  }
  if (isBeforePin(error.ckr)) attempt.withdrawn();
}

function refuseNearLock(flags: number): void {
  if (flags & USER_PIN_LOCKED) {
    throw new KeywardError('pin_latched', 'the HSM has locked the PIN: unlock it with the HSM’s own tools');
  }
  if (flags & USER_PIN_FINAL_TRY) {
    throw new KeywardError(
      'pin_latched',
      'one more wrong PIN would lock the HSM, so none is tried: log in once with the HSM’s own tools',
    );
  }
}
