import type { Signer } from '../kernel/signer.ts';

/** What each HSM token's signer was last asked to serve: it holds those keys, and so do its successors. */
export type Served = () => ReadonlyMap<string, ReadonlySet<string>>;

/** The signer, which remembers that. */
export function trackLoadedKeys<S extends Pick<Signer, 'serve' | 'tokens'>>(
  signer: S,
): { readonly signer: S; readonly served: Served } {
  const served = new Map<string, ReadonlySet<string>>();
  return {
    signer: {
      ...signer,
      serve(keys, hsmToken) {
        for (const name of hsmToken === undefined ? signer.tokens : [hsmToken]) {
          const here = keys.filter((key) => key.hsmToken === name);
          served.set(name, new Set(here.map(({ kid }) => kid)));
        }
        return signer.serve(keys, hsmToken);
      },
    },
    served: () => served,
  };
}
