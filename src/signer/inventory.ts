import { setImmediate as nextTurn } from 'node:timers/promises';
import graphene from 'graphene-pk11';
import type { Algorithm } from '../kernel/algorithm.ts';
import type { InventoryObject } from '../kernel/signer.ts';
import { thumbprint } from '../token/public-jwk.ts';
import { CKA, ifReadable, ObjectReader } from './attributes.ts';
import { readPublicKey } from './examine.ts';
import type { Hsm } from './hsm.ts';

const { ObjectClass } = graphene;
const CLASSES = new Map<number | undefined, InventoryObject['class']>([
  [ObjectClass.PRIVATE_KEY, 'private_key'],
  [ObjectClass.PUBLIC_KEY, 'public_key'],
  [ObjectClass.SECRET_KEY, 'secret_key'],
]);

/** One algorithm for each form that a public key of ours can have. */
const FORMS: readonly Algorithm[] = ['ES256', 'ES384', 'RS256', 'Ed25519'];
const OBJECTS_A_TURN = 64;

/** Every object of the token that the user can see, ours or not. */
export async function takeInventory(hsm: Hsm): Promise<InventoryObject[]> {
  const onToken = [{ type: CKA.TOKEN, value: true }];
  const handles = await hsm.direct.lend((session) => hsm.cryptoki.find(session.handle, onToken));
  const objects: InventoryObject[] = [];
  for (let from = 0; from < handles.length; from += OBJECTS_A_TURN) {
    const turn = handles.slice(from, from + OBJECTS_A_TURN);
    const described = await hsm.direct.lend(({ handle }) =>
      turn.map((object) => describe(new ObjectReader(hsm.cryptoki, handle, object))),
    );
    objects.push(...described);
    // Signatures that arrived meanwhile go first.
    await nextTurn();
  }
  return objects;
}

function describe(object: ObjectReader): InventoryObject {
  const objectClass = CLASSES.get(ifReadable(() => object.number(CKA.CLASS))) ?? 'other';
  return {
    class: objectClass,
    hsmId: ifReadable(() => object.bytes(CKA.ID).toString('hex')) || null,
    label: ifReadable(() => object.text(CKA.LABEL)) || null,
    kid: objectClass === 'public_key' ? kidOf(object) : null,
  };
}

export function kidOf(publicKey: ObjectReader): string | null {
  for (const form of FORMS) {
    const jwk = ifReadable(() => readPublicKey(publicKey, form));
    if (jwk) return thumbprint(jwk);
  }
  return null;
}
