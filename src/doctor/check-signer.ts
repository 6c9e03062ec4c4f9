import type { ConfiguredToken } from '../hsm/tokens.ts';
import { type Finding, fail, ok, statusOf } from '../lib/finding.ts';
import { errorMessage } from '../lib/text.ts';
import { userId } from '../signer/user-id.ts';

/** Of a signer that runs by itself: whether its socket is there, and whom it has to run as. */
export async function checkSigner({ member, settings }: ConfiguredToken): Promise<readonly Finding[]> {
  const check = 'signer';
  if (!settings.signer) return [];
  const { socket, user } = settings.signer;
  try {
    await userId(user);
  } catch (error) {
    return [fail(check, errorMessage(error), `name the user of the signer in ${member}.signer.user`)];
  }
  const status = statusOf(socket);
  if (status?.isSocket()) return [ok(check, `${socket}, by ${user}`)];
  const what = status ? `${socket} is no socket` : `${socket} is not there, or not to be seen`;
  return [
    fail(
      check,
      what,
      `start keyward signer; put this user into the group of its folder; or mend ${member}.signer.socket`,
    ),
  ];
}
