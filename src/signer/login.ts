import graphene from 'graphene-pk11';
import { KeywardError } from '../domain/errors.ts';
import { isBeforePin, isPinRejection } from './ckr.ts';
import type { Cryptoki, Handle } from './cryptoki.ts';
import { CryptokiError } from './cryptoki-error.ts';
import { readPinFile } from './pin-file.ts';
import { type Attempt, beginPinAttempt } from './pin-latch.ts';
import { inPinTurn } from './pin-lock.ts';
import { markPin, type PinMark } from './pin-mark.ts';
import type { SignerSettings } from './protocol.ts';

const { USER_PIN_FINAL_TRY, USER_PIN_LOCKED } = graphene.TokenFlag;

/**
 * The one login of this process; answers what stays of the PIN. `pin_latched`, `invalid_config`, or what the module
 * answered.
 */
export function login(
  cryptoki: Cryptoki,
  session: Handle,
  token: Pick<graphene.Token, 'flags' | 'serialNumber'>,
  settings: Pick<SignerSettings, 'pinFile' | 'latchFile'>,
): PinMark {
  refuseNearLock(token.flags);
  const { pin, identity } = readPinFile(settings.pinFile);
  try {
    const success = { tokenSerial: token.serialNumber, pinFile: identity };
    inPinTurn(settings.latchFile, () =>
      tryPin(cryptoki, session, pin, beginPinAttempt(settings.latchFile, success)),
    );
    return markPin(pin);
  } finally {
    pin.fill(0);
  }
}

function tryPin(cryptoki: Cryptoki, session: Handle, pin: Buffer, attempt: Attempt): void {
  try {
    cryptoki.login(session, pin);
  } catch (error) {
    conclude(attempt, error);
    throw error;
  }
  attempt.succeeded();
}

/** Any other answer leaves the fate of the attempt unknown, and the record as it is. */
function conclude(attempt: Attempt, error: unknown): void {
  if (!(error instanceof CryptokiError)) return;
  if (isPinRejection(error.ckr)) attempt.rejected(error.ckr);
  else if (isBeforePin(error.ckr)) attempt.withdrawn();
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
