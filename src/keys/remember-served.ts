import type { Signer } from '../domain/signer.ts';

/** The signer, which remembers what it was last asked to serve: it holds those keys, and so do its successors. */
export function rememberServed<S extends Pick<Signer, 'serve'>>(
  signer: S,
): { readonly signer: S; readonly served: () => ReadonlySet<string> } {
  let served: ReadonlySet<string> = new Set();
  return {
    signer: {
      ...signer,
      serve(keys) {
        served = new Set(keys.map(({ kid }) => kid));
        return signer.serve(keys);
      },
    },
    served: () => served,
  };
}
