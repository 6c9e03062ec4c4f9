import graphene from 'graphene-pk11';
import type pkcs11js from 'pkcs11js';
import { KeywardError } from '../kernel/errors.ts';
import { calling, type Handle } from './cryptoki.ts';
import { describeSlots, loadModule } from './module.ts';

interface NewToken {
  readonly modulePath: string;
  /** At most 32 bytes. */
  readonly label: string;
  /** Both remain the caller's to clear. */
  readonly pin: Buffer;
  readonly soPin: Buffer;
}

const { TokenFlag, UserType, SessionFlag } = graphene;
const LABEL_BYTES = 32;
const LABEL = /^[\x21-\x7e](?:[\x20-\x7e]{0,30}[\x21-\x7e])?$/;

/**
 * Makes a token in the first slot that has none, with its PINs given to the module and to nothing else: no
 * command line ever holds them. `hsm_refused` where a token of that label exists or no slot is left. The module
 * is loaded into this process for good, so this is for a process of its own.
 */
export function createToken({ modulePath, label, pin, soPin }: NewToken): { serial: string } {
  if (!LABEL.test(label)) refuse('a label has 1 to 32 printable ASCII characters');
  const { module, lib } = loadModule(modulePath);
  const { described } = describeSlots(module);
  if (described.some(({ token }) => token.label === label)) refuse(`a token named ${label} exists already`);
  const empty = described.find(({ token }) => (token.flags & TokenFlag.TOKEN_INITIALIZED) === 0);
  if (!empty) refuse('no slot without a token is left');
  for (const each of [pin, soPin]) refuseLength(empty.token, each.length);
  // The library fills a short label up with zeros, by which it is never found again.
  calling('C_InitToken', () =>
    lib.C_InitToken(empty.slot.handle, soPin.toString('utf8'), label.padEnd(LABEL_BYTES)),
  );
  // A module may put the new token into another slot.
  const made = describeSlots(module).described.find(({ token }) => token.label === label);
  if (!made) refuse('the new token is not shown by the module');
  setUserPin(lib, made.slot.handle, { pin, soPin });
  return { serial: made.token.serialNumber };
}

function setUserPin(
  lib: pkcs11js.PKCS11,
  slot: Handle,
  { pin, soPin }: Pick<NewToken, 'pin' | 'soPin'>,
): void {
  const flags = SessionFlag.SERIAL_SESSION | SessionFlag.RW_SESSION;
  const session = calling('C_OpenSession', () => lib.C_OpenSession(slot, flags));
  calling('C_Login', () => lib.C_Login(session, UserType.SO, soPin.toString('utf8')));
  calling('C_InitPIN', () => lib.C_InitPIN(session, pin.toString('utf8')));
  calling('C_Logout', () => lib.C_Logout(session));
  calling('C_CloseSession', () => lib.C_CloseSession(session));
}

/** Before the token is initialised: a module may cut a longer PIN short. */
function refuseLength({ minPinLen, maxPinLen }: graphene.Token, bytes: number): void {
  if (bytes < minPinLen || bytes > maxPinLen)
    refuse(`the token takes PINs of ${minPinLen} to ${maxPinLen} bytes, and this one has ${bytes}`);
}

function refuse(why: string): never {
  throw new KeywardError('hsm_refused', why);
}
