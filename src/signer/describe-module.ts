import pkcs11js from 'pkcs11js';
import { ALGORITHM_NAMES } from '../kernel/algorithm.ts';
import type { MechanismReport, ModuleReport } from '../kernel/signer.ts';
import { CryptokiError, calling, type Handle } from './cryptoki.ts';
import { MECHANISMS } from './mechanisms.ts';
import { type Profile, sessionLimit } from './module.ts';

const FLAG = /^CKF_/;
/** Of CK_TOKEN_INFO (PKCS#11 2.40 §3.4): other structures use the same bits under other names. */
const TOKEN_FLAGS = [
  'CKF_RNG',
  'CKF_WRITE_PROTECTED',
  'CKF_LOGIN_REQUIRED',
  'CKF_USER_PIN_INITIALIZED',
  'CKF_RESTORE_KEY_NOT_NEEDED',
  'CKF_CLOCK_ON_TOKEN',
  'CKF_PROTECTED_AUTHENTICATION_PATH',
  'CKF_DUAL_CRYPTO_OPERATIONS',
  'CKF_TOKEN_INITIALIZED',
  'CKF_SECONDARY_AUTHENTICATION',
  'CKF_USER_PIN_COUNT_LOW',
  'CKF_USER_PIN_FINAL_TRY',
  'CKF_USER_PIN_LOCKED',
  'CKF_USER_PIN_TO_BE_CHANGED',
  'CKF_SO_PIN_COUNT_LOW',
  'CKF_SO_PIN_FINAL_TRY',
  'CKF_SO_PIN_LOCKED',
  'CKF_SO_PIN_TO_BE_CHANGED',
  'CKF_ERROR_STATE',
] as const;

interface Reported {
  readonly lib: pkcs11js.PKCS11;
  readonly slot: Handle;
  readonly profile: Profile;
  /** How many stand beside the one that keeps the login. */
  readonly sessions: number;
}

/** What module and token say of themselves now. Without label and serial, so that it may be given to others. */
export function reportModule({ lib, slot, profile, sessions }: Reported): ModuleReport {
  const { libraryDescription, libraryVersion, manufacturerID, cryptokiVersion } = calling('C_GetInfo', () =>
    lib.C_GetInfo(),
  );
  const token = calling('C_GetTokenInfo', () => lib.C_GetTokenInfo(slot));
  const offered = new Set(calling('C_GetMechanismList', () => lib.C_GetMechanismList(slot)));
  return {
    library: {
      description: libraryDescription.trim(),
      manufacturer: manufacturerID.trim(),
      version: versionOf(libraryVersion),
      cryptokiVersion: versionOf(cryptokiVersion),
    },
    token: {
      manufacturer: token.manufacturerID.trim(),
      model: token.model.trim(),
      hardware: versionOf(token.hardwareVersion),
      firmware: versionOf(token.firmwareVersion),
      flags: flagsIn(token.flags),
    },
    sessions: {
      used: sessions + 1,
      most: sessionLimit(token.maxSessionCount),
      mostReadWrite: sessionLimit(token.maxRwSessionCount),
    },
    profile: { name: profile.name, offersOptional: profile.offersOptional },
    mechanisms: neededMechanisms().map((needed) => ({
      ...needed,
      ...(offered.has(needed.number)
        ? { supported: true, ...keySizes(lib, slot, needed.number) }
        : { supported: false, smallestKey: null, largestKey: null }),
    })),
  };
}

function versionOf({ major, minor }: pkcs11js.Version): string {
  return `${major}.${minor}`;
}

function flagsIn(flags: number): string[] {
  const names = TOKEN_FLAGS.filter((name) => (flags & pkcs11js[name]) !== 0);
  const known = names.reduce((sum, name) => sum | pkcs11js[name], 0);
  const rest = (flags & ~known) >>> 0;
  return [...names.map((name) => name.replace(FLAG, '')), ...(rest === 0 ? [] : [`0x${rest.toString(16)}`])];
}

/** Each once, with the algorithms that take it. */
function neededMechanisms(): Pick<MechanismReport, 'name' | 'number' | 'algorithms'>[] {
  const uses = ALGORITHM_NAMES.flatMap((algorithm) => {
    const { generate, generateName, sign, signName } = MECHANISMS[algorithm];
    return [
      { name: generateName, number: generate, algorithm },
      { name: signName, number: sign.mechanism, algorithm },
    ];
  });
  return [...Map.groupBy(uses, ({ number }) => number)].map(([number, of]) => ({
    name: of[0]?.name ?? '',
    number,
    algorithms: of.map(({ algorithm }) => algorithm),
  }));
}

/** In the unit of the mechanism, mostly bits. Null where the module does not say. */
function keySizes(lib: pkcs11js.PKCS11, slot: Handle, mechanism: number) {
  try {
    const { minKeySize, maxKeySize } = calling('C_GetMechanismInfo', () =>
      lib.C_GetMechanismInfo(slot, mechanism),
    );
    return { smallestKey: minKeySize, largestKey: maxKeySize };
  } catch (error) {
    if (!(error instanceof CryptokiError)) throw error;
    return { smallestKey: null, largestKey: null };
  }
}
