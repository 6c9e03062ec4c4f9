import { setImmediate as nextTurn } from 'node:timers/promises';
import { KeywardError } from '../kernel/errors.ts';
import type { Binding } from '../kernel/key.ts';
import { scopeLabel } from '../kernel/scope.ts';
import type { KeyEvidence, KeyProof, KeyReference } from '../kernel/signer.ts';
import { readBindingRecord } from '../token/binding-record.ts';
import { composeKeyProof } from '../token/key-proof.ts';
import { verifySignatureSync } from '../token/signature.ts';
import { findKeyPair, type KeyPairHandles, listKeyPairs } from './attributes.ts';
import type { Handle } from './cryptoki.ts';
import { type Examination, examine } from './examine.ts';
import { guardOfBinding, type OwnClock } from './guard.ts';
import type { Hsm } from './hsm.ts';
import { type LiveKey, type LoadedKeys, type ServedKey, signNow } from './loaded-keys.ts';
import { MECHANISMS } from './mechanisms.ts';
import type { Log, Operations } from './protocol.ts';
import type { SignerState } from './state/signer-state.ts';

/** What the examination of keys needs. */
interface Serving {
  readonly hsm: Hsm;
  readonly loadedKeys: LoadedKeys;
  readonly state: SignerState;
  readonly clock: OwnClock;
}

type Verdict = Omit<Examination, 'key'> & { readonly key: ServedKey | null };

/** What the HSM has under an id. */
type FindPair = (hsmId: string, session: Handle) => KeyPairHandles;

/**
 * Replaces the keys in service by those that are proven now. Until the last one is, the former ones serve; an
 * unproven key is left out, and said to be at the highest level.
 */
export async function serve(
  serving: Serving,
  { references, bindingIssuerFound }: { references: readonly KeyReference[]; bindingIssuerFound: boolean },
  log: Log,
): Promise<KeyProof[]> {
  const { hsm, loadedKeys } = serving;
  const listed = await hsm.direct.lend((session) => listKeyPairs(hsm.cryptoki, session.handle));
  const served: ServedKey[] = [];
  const proofs: KeyProof[] = [];
  for (const reference of references) {
    const { key, proof } = await admit(serving, listed, reference, bindingIssuerFound, log);
    if (key) served.push(key);
    proofs.push(proof);
  }
  loadedKeys.replace(served);
  return proofs;
}

/** Proves these keys, and puts them in service beside the others: one that is not proven serves no more. */
export async function serveAlso(
  serving: Serving,
  { references, bindingIssuerFound }: { references: readonly KeyReference[]; bindingIssuerFound: boolean },
  log: Log,
): Promise<KeyProof[]> {
  const { hsm, loadedKeys } = serving;
  const findPair: FindPair = (hsmId, session) =>
    hsm.newPairs.get(hsmId) ?? findKeyPair(hsm.cryptoki, session, hsmId);
  const proofs: KeyProof[] = [];
  for (const reference of references) {
    const { key, proof } = await admit(serving, findPair, reference, bindingIssuerFound, log);
    if (key) loadedKeys.add(key);
    else loadedKeys.remove(reference.kid);
    hsm.newPairs.remove(reference.hsmId);
    proofs.push(proof);
  }
  return proofs;
}

async function admit(
  serving: Serving,
  findPair: FindPair,
  reference: KeyReference,
  bindingIssuerFound: boolean,
  log: Log,
): Promise<{ readonly key: ServedKey | null; readonly proof: KeyProof }> {
  const { key, ...verdict } = await judge(serving, findPair, reference, bindingIssuerFound);
  const proof: KeyProof = { kid: reference.kid, proven: key !== null, ...verdict };
  if (key) remember(serving.state, reference, key, log);
  else log('fatal', 'a key is not proven and does not serve', { hsmId: reference.hsmId, ...proof });
  // Signatures that arrived meanwhile go first.
  await nextTurn();
  return { key, proof };
}

/** Of a key that was bound before the state was lost; without a place to write, it serves all the same. */
function remember({ keys }: SignerState, reference: KeyReference, { label }: ServedKey, log: Log): void {
  const { hsmId, kid, bindingRecord } = reference;
  try {
    keys.learn(hsmId, label, kid, bindingRecord);
  } catch (error) {
    if (!(error instanceof KeywardError)) throw error;
    log('error', 'the signer cannot remember a key', { kid, error: error.message });
  }
}

/** Holds one key against its binding record, and the HSM against that. */
async function judge(
  { hsm, loadedKeys: { bindingIssuer }, state, clock }: Serving,
  findPair: FindPair,
  reference: KeyReference,
  bindingIssuerFound: boolean,
): Promise<Verdict> {
  const binding = readBinding(reference, bindingIssuer, state);
  if (typeof binding === 'string') {
    return { attributes: {}, unproven: [binding], found: bindingIssuerFound, key: null };
  }
  const { kid, hsmId, algorithm, issuer, audience } = binding;
  const label = scopeLabel({ id: binding.scope, issuer, audience });
  const { key, ...rest } = await hsm.direct.lend((session) =>
    examine(hsm.cryptoki, session, findPair(hsmId, session.handle), { kid, hsmId, algorithm, label }),
  );
  return { ...rest, key: key && { ...key, label, guard: guardOfBinding(binding, clock) } };
}

/** The binding, or the sentence that says why there is none. */
function readBinding(
  { bindingRecord, kid, hsmId }: KeyReference,
  bindingIssuer: LiveKey | null,
  { keys }: SignerState,
): Binding | string {
  if (!bindingIssuer) return 'the registry key, which vouches for its binding, is not proven';
  try {
    const binding = readBindingRecord(bindingRecord, bindingIssuer);
    if (binding.kid !== kid) return 'its binding record is that of another key';
    if (binding.hsmId !== hsmId) return 'its binding record names another object of the HSM';
    return keys.isBoundOtherwise(hsmId, bindingRecord) ? 'the signer bound it by another record' : binding;
  } catch (error) {
    if (error instanceof KeywardError && error.code === 'binding_refused') return error.message;
    throw error;
  }
}

/**
 * Examines a key anew and has it sign what was found. The statement is composed here and nowhere else: no
 * signing input of this type is ever taken from the front, so it says what this process read (I8).
 */
export async function attest(
  serving: Serving,
  { key: reference, nonce }: Operations['prove']['takes'],
): Promise<KeyEvidence> {
  const { hsm } = serving;
  const { cryptoki, description: token } = hsm;
  const findPair: FindPair = (hsmId, session) => findKeyPair(cryptoki, session, hsmId);
  const { key, ...verdict } = await judge(serving, findPair, reference, true);
  const proof = { kid: reference.kid, proven: key !== null, ...verdict };
  if (!key) return { proof, token, statement: null };
  const { sign, signName } = MECHANISMS[key.algorithm];
  const signingInput = composeKeyProof({
    kid: key.kid,
    algorithm: key.algorithm,
    hsmId: key.hsmId,
    bindingRecord: reference.bindingRecord,
    attributes: proof.attributes,
    mechanism: { name: signName, number: sign.mechanism },
    token,
    nonce,
    iat: Math.floor(Date.now() / 1_000),
  });
  const signature = await hsm.direct.lend((session) => signNow(cryptoki, session, key, signingInput));
  if (!verifySignatureSync(key.algorithm, key.publicKey, signingInput, signature)) {
    throw new KeywardError('signature_wrong', 'the HSM gave a wrong signature');
  }
  return { proof, token, statement: `${signingInput}.${signature.toString('base64url')}` };
}
