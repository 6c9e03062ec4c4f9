import { KeywardError, operatorText } from '../../kernel/errors.ts';
import type { PinAttempt, PinPermits } from '../../kernel/signer.ts';
import type { Failure, Opening } from '../protocol.ts';
import type { Answer, Child } from './child.ts';

/**
 * Has a process open the token once its PIN may be tried. It runs by then, so that nobody waits for its start. `permits`:
 * absent where no other host tries a PIN of that token.
 */
export async function openInTurn(
  child: Child,
  opening: Opening,
  permits: PinPermits | undefined,
): Promise<Answer<'open'>> {
  if (!permits) return await child.call('open', opening);
  const known = await child.call('pin', null);
  if (!('gives' in known)) return known;
  let attempt: PinAttempt;
  try {
    attempt = await permits.take(known.gives, child.gone);
  } catch (error) {
    return { failure: failureOf(error) };
  }
  if (child.isGone) attempt.ended(known.gives);
  const opened = await child.call('open', { ...opening, pin: attempt.terms });
  if ('gives' in opened) attempt.accepted();
  else if ('failure' in opened) {
    const left = await child.call('pin', null);
    if ('gives' in left) attempt.ended(left.gives);
  }
  return opened;
}

/** What keeps a PIN from being tried passes by itself, unless people have to look. */
function failureOf(error: unknown): Failure {
  const code = error instanceof KeywardError && error.code === 'pin_latched' ? error.code : 'hsm_unavailable';
  return { code, message: error instanceof KeywardError ? operatorText(error) : String(error) };
}
