import type { CanaryAlarm } from '../../kernel/canary.ts';
import type { Signer } from '../../kernel/signer.ts';
import type { CanaryIndex } from '../../canaries/canary-index.ts';

/**
 * Nothing of this service asks for a signature by a decoy key: whoever does has their hands in it. The signer serves no
 * such key, and refuses as for any that it does not know.
 */
export function watchSigner(
  next: Pick<Signer, 'sign'>,
  { book, alarm }: { readonly book: CanaryIndex; readonly alarm: CanaryAlarm },
): Pick<Signer, 'sign'> {
  return {
    sign(request) {
      const canary = book.ofKid(request.kid);
      if (canary) {
        alarm.touched(canary, { use: 'sign', caller: null, remote: undefined, requestId: null });
      }
      return next.sign(request);
    },
  };
}
