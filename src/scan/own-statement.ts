import { BINDING_TYP } from '../token/binding-record.ts';
import { CHECKPOINT_TYP } from '../token/checkpoint.ts';
import { KEY_EVIDENCE_TYP } from '../token/key-evidence.ts';
import { KEY_PROOF_TYP } from '../token/key-proof.ts';
import type { SignedContent } from '../token/parse-token.ts';
import { KEY_SET_TYP } from '../token/published-key-set.ts';
import { PROBE_TYP } from '../token/registry-statement.ts';
import { RUN_TYP } from '../token/run-certificate.ts';

/** The claims of each, and no other: what has `sub`, `scope` or a `jti` is no statement, whatever it calls itself. */
const MEMBERS: Readonly<Record<string, string>> = {
  [BINDING_TYP]: 'alg audience hsm_id iat issuer kid max_ttl_seconds scope sign_from sign_until',
  [CHECKPOINT_TYP]: 'audit iat ledger number previous registry',
  [KEY_EVIDENCE_TYP]: 'binding_record hsm_token iat jwk proof state',
  [KEY_PROOF_TYP]: 'attributes aud binding_digest exp hsm_id iat iss kid mechanism nonce token',
  [KEY_SET_TYP]: 'exp iat iss keys kw_policy sub version',
  [PROBE_TYP]: 'iat',
  [RUN_TYP]: 'iat public_key run started_at',
};
/** Each is over before it begins, or says nothing of an audience: no verifier takes it for a token. */
const isNoToken = ({ aud, exp, iat }: SignedContent['claims']) => aud === undefined || exp === iat;

/**
 * Whether it is what Keyward signs for everybody to read. Its `typ` is signed, so no live token can put it on; and no
 * scope may have that type for its tokens. Which key signed it is not asked, so the ledger's word goes before this.
 */
export function isOwnStatement({ header, claims }: SignedContent): boolean {
  const { typ } = header;
  if (typeof typ !== 'string' || !Object.hasOwn(MEMBERS, typ) || Object.keys(header).length !== 3)
    return false;
  return Object.keys(claims).sort().join(' ') === MEMBERS[typ] && isNoToken(claims);
}
