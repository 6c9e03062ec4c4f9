import { z } from 'zod';
import { ALGORITHM_NAMES, MODULUS_BITS } from '../../kernel/algorithm.ts';
import { MAX_KEYS as MAX_KEYS_IN_SET } from '../../token/published-key-set.ts';
import { MAX_BATCH, MAX_KEYS, MOST_BINDING_KEYS } from '../check-requests.ts';
import type { Operation, Operations, Request } from '../protocol.ts';

/** The first words of either side name it. */
export const WIRE_VERSION = 1;

const name = z.string().max(128);
const jws = z.string().max(65_536);
const member = z.string().max(2_048).optional();
const count = z.int().min(1).max(0xffff_ffff);

const jwk = z.strictObject({
  kty: z.enum(['EC', 'OKP', 'RSA']),
  crv: name.optional(),
  x: member,
  y: member,
  n: member,
  e: member,
});
const kind = {
  algorithm: z.enum(ALGORITHM_NAMES),
  modulusBits: z.union(MODULUS_BITS.map((bits) => z.literal(bits))).nullable(),
};
const reference = z.strictObject({ kid: name, hsmId: name, bindingRecord: jws });
const pinTerms = z.strictObject({
  permit: z.strictObject({ id: name, after: z.int().min(0) }),
  onlyAccepted: z.boolean(),
});
const signItem = z.union([
  z.tuple([name, z.string()]),
  z.tuple([name, z.string(), z.array(jws).max(MAX_KEYS_IN_SET)]),
]);

/** What each operation takes, by its types and bounds; what it means is checked where it is done. */
const TAKES = {
  pin: z.null(),
  open: z.strictObject({
    sessions: count,
    otherBindingKeys: z.array(jwk).max(MOST_BINDING_KEYS),
    pin: pinTerms.optional(),
  }),
  sign: z.array(signItem).max(MAX_BATCH),
  generate: z.strictObject({ hsmId: name, label: name, ...kind }),
  trial: z.strictObject(kind),
  serve: z.array(reference).max(MAX_KEYS),
  serveAlso: z.array(reference).max(MAX_KEYS),
  release: z.array(name).max(MAX_KEYS),
  prove: z.strictObject({ key: reference, nonce: name }),
  inventory: z.null(),
  discard: z.strictObject({ hsmId: name }),
  destroy: z.strictObject({ hsmId: name, kid: name, bindingRecord: jws.nullable() }),
  sealed: z.strictObject({ checkpoint: jws.nullable(), head: jws.nullable() }),
  describe: z.null(),
  report: z.null(),
} as const satisfies Record<Operation, z.ZodType>;

const OPERATIONS = Object.keys(TAKES) as Operation[];

const envelope = z.union([
  z.strictObject({ start: count, sessions: z.int().min(1).max(1_024) }),
  z.strictObject({ leave: count }),
  z.strictObject({ kill: count }),
  z.strictObject({
    to: count,
    request: z.strictObject({ id: count, op: z.enum(OPERATIONS), takes: z.unknown() }),
  }),
]);

/** Once it is let in: processes are started, asked and ended, each by the number that the front gave it. */
export type FrontMessage =
  | { readonly start: number; readonly sessions: number }
  /** It may finish what is under way. */
  | { readonly leave: number }
  | { readonly kill: number }
  | { readonly to: number; readonly request: Request };

/** Undefined where it is anything else. */
export function frontMessageIn(message: unknown): FrontMessage | undefined {
  const parsed = envelope.safeParse(message).data;
  if (!parsed || !('to' in parsed)) return parsed;
  const { id, op, takes } = parsed.request;
  const given = TAKES[op].safeParse(takes);
  if (!given.success) return undefined;
  return {
    to: parsed.to,
    request: { id, op, takes: given.data as Operations[typeof op]['takes'] } as Request,
  };
}

const hello = z.strictObject({ hello: z.literal(WIRE_VERSION), token: z.string().min(1).max(64) });

/** The name of the HSM token that the front asks for; undefined where it is no greeting. */
export function greetingIn(message: unknown): string | undefined {
  return hello.safeParse(message).data?.token;
}
