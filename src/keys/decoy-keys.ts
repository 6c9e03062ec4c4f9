import type { DecoyKey, DecoyKeys } from '../kernel/canary.ts';
import { KeywardError } from '../kernel/errors.ts';
import { isFormerToken } from '../domain/hsm-token.ts';
import { decoyLabel, type Scope } from '../kernel/scope.ts';
import type { Signer } from '../kernel/signer.ts';
import type { KeyRingKeeper } from './key-ring.ts';
import type { KeyedMutex } from './keyed-mutex.ts';
import { newHsmId } from './new-hsm-id.ts';
import { requireTrustedToken } from './trusted-token.ts';

export interface DecoyKeyParts {
  readonly signer: Pick<Signer, 'generate' | 'discard' | 'destroy'>;
  readonly keyRing: Pick<KeyRingKeeper, 'scope' | 'scopes' | 'scopeKeys'>;
  /** Shared by all that make keys. */
  readonly turns: KeyedMutex;
}

/**
 * A decoy has the algorithm and the attributes of a real scope's keys. Its label looks like theirs, but marks it: the
 * signer neither binds it nor signs with it.
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
      const asked = { hsmToken, hsmId, label: decoyLabel(hsmId), algorithm, modulusBits };
      return turns.of(hsmToken).runExclusive(async () => {
        const { kid, publicJwk } = await signer.generate(asked);
        return { kid, publicJwk };
      });
    },
    async destroy({ hsmToken, hsmId, made }: DecoyKey) {
      if (isFormerToken(hsmToken)) return;
      await turns
        .of(hsmToken)
        .runExclusive(() =>
          made
            ? signer.destroy({ hsmToken, hsmId, kid: made.kid, bindingRecord: null })
            : signer.discard({ hsmToken, hsmId }),
        );
    },
  };
}
