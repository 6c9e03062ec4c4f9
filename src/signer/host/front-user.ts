import { KeywardError } from '../../kernel/errors.ts';
import { userId } from '../user-id.ts';
import type { HostSettings } from './settings.ts';

const ROOT = 0;

/** The number of the one user that may connect. `invalid_config` where, in production, it would not be kept out of the signer. */
export async function frontUserId(
  { frontUser, mode }: Pick<HostSettings, 'frontUser' | 'mode'>,
  own = process.geteuid?.(),
): Promise<number> {
  const uid = await userId(frontUser);
  if (mode !== 'production') return uid;
  if (own === ROOT) refuse('a signer does not run as root');
  if (own === uid) refuse(`front_user ${frontUser} is the user that the signer itself runs as`);
  return uid;
}

function refuse(why: string): never {
  throw new KeywardError('invalid_config', `${why}: in production, it has a user of its own`);
}
