import type { SigningKey } from '../../kernel/key.ts';
import { mayMove, move } from './move.ts';
import { privateHalfDestroyed } from './private-half.ts';
import type { TransitionOptions } from '../../kernel/key-lifecycle/transitions.ts';

/**
 * A key after its HSM token was lost: its private key is gone, so it signs no more and no token of it can be dated
 * later. What it signed before stays good, unless the token was stolen.
 */
export function lostWithToken(
  key: SigningKey,
  circumstances: TransitionOptions,
  stolen: boolean,
): SigningKey {
  if (key.state === 'destroyed') return key;
  const after = stolen ? compromised(key, circumstances) : outOfUse(key, circumstances);
  return after.times.privateHalfDestroyed === null ? privateHalfDestroyed(after, circumstances.now) : after;
}

/** A standby has signed nothing. */
function outOfUse(key: SigningKey, circumstances: TransitionOptions): SigningKey {
  if (key.state === 'active')
    return move(key, 'deactivate', 'two_persons', { ...circumstances, succeeded: true });
  if (key.state === 'pre_activation') return move(key, 'destroy', 'two_persons', circumstances);
  return key;
}

function compromised(key: SigningKey, circumstances: TransitionOptions): SigningKey {
  const after = mayMove(key, 'compromise') ? move(key, 'compromise', 'two_persons', circumstances) : key;
  return { ...after, times: { ...after.times, tokenCompromised: circumstances.now } };
}
