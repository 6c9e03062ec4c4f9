import { printable } from '../lib/printable.ts';
import type { KeyAnswer } from './answers.ts';
import { CommandFailure, EXIT } from './failure.ts';
import type { CallService } from './operations-client.ts';

/** Shorter beginnings fit a key by chance. */
const FEWEST_CHARACTERS = 6;

const WHOLE_KID = /^[\w-]{43}$/;

/** The one kid that begins like this. A whole one costs no request: the service itself knows whether there is such a key. */
export async function findKid(call: CallService, beginning: string): Promise<string> {
  return WHOLE_KID.test(beginning) ? beginning : (await findKey(call, beginning)).kid;
}

/** The key whose kid begins like this, which must be one alone. */
export async function findKey(call: CallService, beginning: string): Promise<KeyAnswer> {
  if (beginning.length < FEWEST_CHARACTERS) {
    throw failure('unknown_key', `give at least the first ${FEWEST_CHARACTERS} characters of the kid`);
  }
  const { keys } = await call<{ keys: readonly KeyAnswer[] }>('GET', '/keys');
  const [key, ...others] = keys.filter(({ kid }) => kid.startsWith(beginning));
  if (!key) throw failure('unknown_key', `no key begins with ${beginning}; see: keyward key list`);
  if (others.length === 0) return key;
  const names = [key, ...others].map(({ kid, scope }) => `${kid} (${scope})`).join(', ');
  throw failure('ambiguous_kid', `more than one key begins with ${beginning}, give more of it: ${names}`);
}

/** The key of the scope that a rotation has deactivated last, and that may still be there to sign again. */
export async function findFormerKey(call: CallService, scope: string): Promise<KeyAnswer> {
  const { keys } = await call<{ keys: readonly KeyAnswer[] }>(
    'GET',
    `/keys?scope=${encodeURIComponent(scope)}`,
  );
  const [former] = keys
    .filter((key) => key.state === 'deactivated' && key.private_half_destroyed_at === null)
    .toSorted((a, b) => (b.deactivated_at ?? 0) - (a.deactivated_at ?? 0));
  if (former) return former;
  throw failure('transition_forbidden', `scope ${scope} has no rotation that could be undone`);
}

function failure(code: string, message: string): CommandFailure {
  return new CommandFailure(EXIT.failed, code, printable(message));
}
