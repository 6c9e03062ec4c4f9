import { isRsa } from '../kernel/algorithm.ts';
import type { KeySpecification, KeyTrial } from '../kernel/signer.ts';
import { CKA, findKeyPair } from './attributes.ts';
import { type Attribute, CryptokiError, type HandlePair } from './cryptoki.ts';
import { examine } from './examine.ts';
import { type KeyTemplates, keyTemplates, makePair } from './generate.ts';
import type { Hsm, Session } from './hsm.ts';
import { signNow } from './loaded-keys.ts';
import { MECHANISMS } from './mechanisms.ts';

const HALVES = ['publicKey', 'privateKey'] as const;
/** What makes it a key pair of that kind on the token: no module can be blamed for them. */
const NEEDED: ReadonlySet<number> = new Set([
  CKA.CLASS,
  CKA.KEY_TYPE,
  CKA.ID,
  CKA.LABEL,
  CKA.TOKEN,
  CKA.EC_PARAMS,
  CKA.MODULUS_BITS,
  CKA.PUBLIC_EXPONENT,
]);
const NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(CKA).map(([name, type]) => [type, `CKA_${name}`]),
);

/**
 * Makes a key pair as it would be made for a scope, has it proven, and destroys it again, whatever came of it. What was
 * in the making as the epoch ended stays, and is nobody's key.
 */
export function tryKey(hsm: Hsm, specification: KeySpecification): Promise<KeyTrial> {
  return hsm.anchor.lend(async (session) => {
    const made = await orRefusal(hsm.epoch, makePair(hsm, session.handle, specification));
    if (!(made instanceof CryptokiError)) {
      return { refused: null, ...examined(hsm, session, specification, made) };
    }
    const attributes = await refusedAttributes(hsm, session, specification);
    return { refused: { answer: made.message, attributes }, unproven: [], signatureMs: null };
  });
}

/** The pair, or the module's answer in its place. `hsm_unavailable` where its handles count no more. */
async function orRefusal(
  epoch: Hsm['epoch'],
  making: Promise<HandlePair>,
): Promise<HandlePair | CryptokiError> {
  const made = await making.catch((error: unknown) => {
    if (error instanceof CryptokiError) return error;
    throw error;
  });
  epoch.requireNow();
  return made;
}

function examined(
  { cryptoki }: Hsm,
  session: Session,
  { hsmId, label, algorithm }: KeySpecification,
  pair: HandlePair,
): Pick<KeyTrial, 'unproven' | 'signatureMs'> {
  try {
    const halves = findKeyPair(cryptoki, session.handle, hsmId);
    const { unproven, key } = examine(cryptoki, session, halves, { hsmId, label, algorithm, kid: null });
    return { unproven, signatureMs: key && timed(() => signNow(cryptoki, session, key, MEASURED)) };
  } finally {
    destroy(cryptoki, session, pair);
  }
}

const MEASURED = 'keyward trial';
const MOST_SIGNATURES = 5;
const ENOUGH_MS = 500;

/** The median of a few, fewer where each takes long. */
function timed(sign: () => void): number {
  const took: number[] = [];
  const start = performance.now();
  do {
    const before = performance.now();
    sign();
    took.push(performance.now() - before);
  } while (took.length < MOST_SIGNATURES && performance.now() - start < ENOUGH_MS);
  return took.toSorted((one, other) => one - other)[Math.floor(took.length / 2)] ?? 0;
}

/**
 * The attributes that the module will not have: the one without which it makes a pair, or else each that it does not
 * take by itself. None where it makes no pair of that kind at all.
 */
async function refusedAttributes(
  { cryptoki, epoch }: Hsm,
  session: Session,
  specification: KeySpecification,
): Promise<string[]> {
  const { generate: mechanism } = MECHANISMS[specification.algorithm];
  const takes = async (templates: KeyTemplates): Promise<boolean> => {
    const made = await orRefusal(epoch, cryptoki.generateKeyPair(session.handle, mechanism, templates));
    if (made instanceof CryptokiError) return false;
    destroy(cryptoki, session, made);
    return true;
  };
  for (const full of keyTemplates(specification, { offersOptional: false })) {
    const without = (type: number) => filtered(full, (attribute) => attribute.type !== type);
    const types = new Set(HALVES.flatMap((half) => full[half].map(({ type }) => type)).filter(canGo));
    for (const type of types) if (await takes(without(type))) return [nameOf(type)];
    // Each that is taken costs a pair, which some tokens work at for long.
    if (isRsa(specification.algorithm)) continue;
    if (!(await takes(filtered(full, ({ type }) => !canGo(type))))) continue;
    const refused: string[] = [];
    for (const type of types) {
      const alone = filtered(full, (attribute) => attribute.type === type || !canGo(attribute.type));
      if (!(await takes(alone))) refused.push(nameOf(type));
    }
    return refused;
  }
  return [];
}

function filtered(templates: KeyTemplates, fits: (attribute: Attribute) => boolean): KeyTemplates {
  return { publicKey: templates.publicKey.filter(fits), privateKey: templates.privateKey.filter(fits) };
}

function canGo(type: number): boolean {
  return !NEEDED.has(type);
}

function nameOf(type: number): string {
  return NAMES.get(type) ?? `0x${type.toString(16)}`;
}

function destroy(cryptoki: Hsm['cryptoki'], session: Session, { privateKey, publicKey }: HandlePair): void {
  cryptoki.destroyObject(session.handle, privateKey);
  cryptoki.destroyObject(session.handle, publicKey);
}
