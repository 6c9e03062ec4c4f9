import graphene from 'graphene-pk11';
import { KeywardError } from '../kernel/errors.ts';
import type { Handle } from './cryptoki.ts';
import { CryptokiError, calling } from './cryptoki-error.ts';
import { TOKEN_ABSENT } from './token-absent.ts';

/** A slot with the token that it describes. */
export interface DescribedSlot {
  readonly slot: graphene.Slot;
  readonly token: graphene.Token;
}

/**
 * The slot that holds the token of that label and serial: slot ids and their order change. An absent token is
 * `hsm_unavailable`, an outage to retry and never a reason to make one; two alike are `hsm_refused`.
 */
export function findTokenSlot(module: graphene.Module, label: string, serial: string): DescribedSlot {
  const { described, refused } = describeSlots(module);
  const [found, second] = described.filter(
    ({ token }) => token.label === label && token.serialNumber === serial,
  );
  if (second) throw new KeywardError('hsm_refused', 'two HSM tokens have the same label and serial');
  if (found) return found;
  throw new KeywardError('hsm_unavailable', `${TOKEN_ABSENT}: ${shown(described, refused)}`);
}

/**
 * Every slot with a token, and what the module answered for those that it would not describe: a broken reader
 * hides no other token.
 */
export function describeSlots(module: graphene.Module): {
  readonly described: readonly DescribedSlot[];
  readonly refused: readonly string[];
} {
  const described: DescribedSlot[] = [];
  const refused: string[] = [];
  for (const handle of calling('C_GetSlotList', () => module.lib.C_GetSlotList(true))) {
    try {
      const slot = calling('C_GetSlotInfo', () => new graphene.Slot(handle, module, module.lib));
      described.push({ slot, token: calling('C_GetTokenInfo', () => slot.getToken()) });
    } catch (error) {
      if (!(error instanceof CryptokiError)) throw error;
      refused.push(`slot ${idOf(handle)} answers ${error.message}`);
    }
  }
  return { described, refused };
}

/** CK_SLOT_ID of a 64-bit machine. */
function idOf(slot: Handle): string {
  return String(slot.readBigUInt64LE());
}

const MOST_NAMED = 8;

/** What the operator sees who asks whether the token is away, or another one is in its place. */
function shown(described: readonly DescribedSlot[], refused: readonly string[]): string {
  const tokens = described
    .filter(({ token }) => token.label !== '')
    .map(({ token: { label, serialNumber } }) => `${label} (serial ${serialNumber})`);
  const named = tokens.length === 0 ? 'no token' : listed(tokens);
  return [`its module shows ${named}`, ...(refused.length === 0 ? [] : [listed(refused)])].join('; ');
}

function listed(names: readonly string[]): string {
  return `${names.slice(0, MOST_NAMED).join(', ')}${names.length > MOST_NAMED ? ' and others' : ''}`;
}
