import { type ErrorCode, KeywardError } from '../kernel/errors.ts';
import type { KeyProof, PlacedKey, Signer, TokenSigner } from '../kernel/signer.ts';

/** What a token that is away answers: the others go on without it. */
const AWAY: ReadonlySet<ErrorCode> = new Set([
  'hsm_unavailable',
  'hsm_refused',
  'pin_latched',
  'invalid_config',
]);

/**
 * One signer over those of all tokens, by name, the first one first. A signature goes where its key was last
 * served; `ownKeys` says where the service's own are.
 */
export function createSignerRouter(
  signers: ReadonlyMap<string, TokenSigner>,
  ownKeys: ReadonlyMap<string, string>,
): Signer {
  const tokens = [...signers.keys()];
  const first = of(tokens[0] ?? '');
  /** By HSM token: the kids of the keys there by their `CKA_ID`. */
  const served = new Map<string, Map<string, string>>(tokens.map((name) => [name, new Map()]));
  const places = new Map([...ownKeys].map(([kid, hsmToken]) => [kid, of(hsmToken)]));

  function of(hsmToken: string): TokenSigner {
    return signers.get(hsmToken) ?? noSuchToken(signers);
  }

  const placeOn = (hsmToken: string, { kid, hsmId }: PlacedKey) => {
    places.set(kid, of(hsmToken));
    served.get(hsmToken)?.set(hsmId, kid);
  };
  const displace = (hsmToken: string, hsmId: string) => {
    const kid = served.get(hsmToken)?.get(hsmId);
    if (kid !== undefined && places.get(kid) === of(hsmToken)) places.delete(kid);
    served.get(hsmToken)?.delete(hsmId);
  };

  const serveOn = (hsmToken: string, keys: readonly PlacedKey[]): Promise<readonly KeyProof[]> => {
    const here = keys.filter((key) => key.hsmToken === hsmToken);
    for (const hsmId of [...(served.get(hsmToken)?.keys() ?? [])]) displace(hsmToken, hsmId);
    for (const key of here) placeOn(hsmToken, key);
    return of(hsmToken).serve(here);
  };

  return {
    tokens,
    sign: (request) => (places.get(request.kid) ?? first).sign(request),
    generate: async (specification) => of(specification.hsmToken).generate(specification),
    serve: async (keys, hsmToken) =>
      hsmToken === undefined
        ? answered(await Promise.allSettled(tokens.map((name) => serveOn(name, keys))))
        : serveOn(hsmToken, keys),
    serveAlso: async (keys, hsmToken) => {
      const here = keys.filter((key) => key.hsmToken === hsmToken);
      for (const key of here) placeOn(hsmToken, key);
      return of(hsmToken).serveAlso(here);
    },
    release: async (hsmIds, hsmToken) => {
      for (const hsmId of hsmIds) displace(hsmToken, hsmId);
      return of(hsmToken).release(hsmIds);
    },
    prove: async (key, nonce) => of(key.hsmToken).prove(key, nonce),
    inventory: async (hsmToken) => of(hsmToken).inventory(),
    discard: async (key) => of(key.hsmToken).discard(key),
    destroy: async (key) => of(key.hsmToken).destroy(key),
    sealed: (shown) => first.sealed(shown),
    describe: async (hsmToken) => of(hsmToken).describe(),
  };
}

/** What those say that are there; an error that is no outage is the caller's. */
function answered(outcomes: readonly PromiseSettledResult<readonly KeyProof[]>[]): readonly KeyProof[] {
  const failures = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
  const failure =
    failures.length === outcomes.length ? failures[0] : failures.find((error) => !isAway(error));
  if (failure !== undefined) throw failure;
  return outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? outcome.value : []));
}

function isAway(error: unknown): boolean {
  return error instanceof KeywardError && AWAY.has(error.code);
}

/** `tokens` by name. */
export function noSuchToken(tokens: ReadonlyMap<string, unknown>): never {
  const names = [...tokens.keys()].join(', ');
  throw new KeywardError('unknown_hsm_token', `there is no HSM token of this name; use one of ${names}`);
}
