import type { DecoyKey, DecoyKeys } from '../domain/canary.ts';
import { KeywardError } from '../domain/errors.ts';
import { type Scope, scopeLabel } from '../domain/scope.ts';
import type { Signer } from '../domain/signer.ts';
import type { KeyRingKeeper } from './key-ring.ts';
import { newHsmId } from './new-hsm-id.ts';
import { requireTrustedToken } from './trusted-token.ts';
import type { TokenTurns } from './turns.ts';

export interface DecoyKeyParts {
  readonly signer: Pick<Signer, 'generate' | 'discard' | 'destroy'>;
  readonly keyRing: Pick<KeyRingKeeper, 'scope' | 'scopes' | 'scopeKeys'>;
  /** Shared by all that make keys. */
  readonly turns: TokenTurns;
}

/**
 * A thief with the PIN looks for the label of a scope worth having, and takes what bears it. So a decoy bears that of a
 * real scope, with the algorithm and the attributes of its keys; only the published set tells them apart.
 */
export function createDecoyKeys({ signer, keyRing, turns }: DecoyKeyParts): DecoyKeys {
  const scopeOf = (scopeId: string): Scope => {
    const scope = keyRing.scope(scopeId);
    if (scope) return scope;
    throw new KeywardError('unknown_scope', 'there is no scope of this id');
  };
  return {
    place(scopeId) {
      const { hsmToken } = scopeOf(scopeId);
      requireTrustedToken(keyRing, hsmToken);
      return { hsmToken, hsmId: newHsmId() };
    },
    make(scopeId, { hsmToken, hsmId }) {
      const scope = scopeOf(scopeId);
      const { algorithm, modulusBits } = scope;
      const asked = { hsmToken, hsmId, label: scopeLabel(scope), algorithm, modulusBits };
      return turns.of(hsmToken).take(async () => {
        const { kid, publicJwk } = await signer.generate(asked);
        return { kid, publicJwk };
      });
    },
    destroy: ({ hsmToken, hsmId, made }: DecoyKey) =>
      turns
        .of(hsmToken)
        .take(() =>
          made ? signer.destroy({ hsmToken, hsmId, kid: made.kid }) : signer.discard({ hsmToken, hsmId }),
        ),
  };
}
