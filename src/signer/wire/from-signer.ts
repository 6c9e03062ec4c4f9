import { isObject } from '../../lib/json.ts';
import { isLogLine, isReply } from '../link/messages.ts';
import type { Failure, LogLine, Reply } from '../protocol.ts';
import { WIRE_VERSION } from './from-front.ts';

/** What the signer says; processes go by the numbers that the front gave them. */
export type SignerMessage =
  /** Its first words, to whom it may speak: the front says nothing before them. */
  | { readonly hello: typeof WIRE_VERSION }
  | { readonly welcome: typeof WIRE_VERSION }
  /** Why the front is not let in; the end of the connection follows. */
  | { readonly refused: string }
  | { readonly started: number; readonly pid: number }
  | { readonly ended: number; readonly why: string }
  | { readonly from: number; readonly message: Reply | LogLine };

/** As it crosses: signatures are text there, and a reply that has them says so. */
export function toWire(message: SignerMessage): object {
  if (!('from' in message) || !('gives' in message.message) || !Array.isArray(message.message.gives)) {
    return message;
  }
  const { id, gives } = message.message;
  if (!gives.some((outcome) => outcome instanceof Uint8Array)) return message;
  return { from: message.from, message: { id, outcomes: gives.map(encoded) } };
}

function encoded(outcome: unknown): unknown {
  return outcome instanceof Uint8Array ? Buffer.from(outcome).toString('base64url') : outcome;
}

const LONGEST_REASON = 1_000;
const BASE64URL = /^[A-Za-z0-9_-]*$/;

/** Undefined where it is nothing that a signer says. */
export function fromWire(message: unknown): SignerMessage | undefined {
  if (!isObject(message)) return undefined;
  if (message.hello === WIRE_VERSION) return { hello: WIRE_VERSION };
  if (message.welcome === WIRE_VERSION) return { welcome: WIRE_VERSION };
  if (isReason(message.refused)) return { refused: message.refused };
  const { started, ended, from, pid, why } = message;
  if (isNumber(started) && isNumber(pid)) return { started, pid };
  if (isNumber(ended) && isReason(why)) return { ended, why };
  if (!isNumber(from)) return undefined;
  const said = withSignatures(message.message);
  return isLogLine(said) || isReply(said) ? { from, message: said } : undefined;
}

function withSignatures(said: unknown): unknown {
  if (!isObject(said) || !Array.isArray(said.outcomes)) return said;
  return { id: said.id, gives: said.outcomes.map(decoded) };
}

/** What is no base64url stays text, and the front takes no text for a signature. */
function decoded(outcome: unknown): Uint8Array | Failure | unknown {
  return typeof outcome === 'string' && BASE64URL.test(outcome)
    ? new Uint8Array(Buffer.from(outcome, 'base64url'))
    : outcome;
}

function isNumber(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

function isReason(value: unknown): value is string {
  return typeof value === 'string' && value.length <= LONGEST_REASON;
}
