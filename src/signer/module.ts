import graphene from 'graphene-pk11';
import pkcs11js from 'pkcs11js';
import { KeywardError } from '../kernel/errors.ts';
import { Cryptoki, CryptokiError, calling, type Handle } from './cryptoki.ts';
import { TOKEN_ABSENT } from './protocol.ts';

interface LoadedModule {
  readonly module: graphene.Module;
  readonly cryptoki: Cryptoki;
  /** For what only opening and the making of a token call. */
  readonly lib: pkcs11js.PKCS11;
}

/**
 * Loads the PKCS#11 module and initialises it for several threads, without which asynchronous signing crashes.
 * `hsm_unavailable` where the file cannot be loaded; a failed C_Initialize is an outage to retry.
 */
export function loadModule(path: string): LoadedModule {
  const lib = new pkcs11js.PKCS11();
  try {
    lib.load(path);
  } catch (cause) {
    throw new KeywardError('hsm_unavailable', 'the PKCS#11 module cannot be loaded', { cause });
  }
  calling('C_Initialize', () => lib.C_Initialize({ flags: pkcs11js.CKF_OS_LOCKING_OK }));
  return { module: new graphene.Module(lib), cryptoki: new Cryptoki(lib), lib };
}

/** A slot with the token that it describes. */
interface DescribedSlot {
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

/** CK_EFFECTIVELY_INFINITE and CK_UNAVAILABLE_INFORMATION, the latter as 32 bits have it. */
const UNLIMITED = new Set([0, 0xffffffff]);

/** Null where the token has no limit, or does not say it. */
export function sessionLimit(count: number): number | null {
  return UNLIMITED.has(count) ? null : count;
}

/** How a module is to be treated whose ways are known (PKCS11.md rule 11). */
export interface Profile {
  readonly name: string;
  /**
   * Whether attributes that a key can do without are offered at all. A module that answers an attribute it does not know
   * with an error that says nothing of the template cannot be asked; without the others no key is made anywhere.
   */
  readonly offersOptional: boolean;
}

const UNKNOWN: Profile = { name: 'unknown', offersOptional: true };

const KNOWN: readonly (Profile & { readonly says: RegExp })[] = [
  // An unknown attribute of an object on the token is CKR_GENERAL_ERROR.
  { name: 'NSS', says: /^Mozilla Foundation\b|\bNSS\b/, offersOptional: false },
  { name: 'tpm2-pkcs11', says: /^tpm2-software\b|\bTPM2\.0 Cryptoki\b/, offersOptional: false },
  { name: 'opencryptoki', says: /\bopenCryptoki\b/i, offersOptional: true },
];

/** By what the module says of itself. */
export function profileOf(info: Pick<pkcs11js.ModuleInfo, 'manufacturerID' | 'libraryDescription'>): Profile {
  const { manufacturerID, libraryDescription } = info;
  const texts = [manufacturerID.trim(), libraryDescription.trim()];
  return KNOWN.find(({ says }) => texts.some((text) => says.test(text))) ?? UNKNOWN;
}
