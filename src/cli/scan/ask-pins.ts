import { MOST_PIN_CANDIDATES, packPinCandidates } from '../../domain/pin-candidates.ts';
import { seal } from '../../domain/sealed-box.ts';
import { CommandFailure, EXIT } from '../failure.ts';
import type { CallService } from '../operations-client.ts';
import { inBatches, placeOf } from './ask-service.ts';
import type { Collected } from './collected.ts';

/** The HSM tokens, each with the key of its signer, if that is there. */
export interface PinMarks {
  readonly hsm_tokens: readonly { hsm_token: string; public_key: string | null; comparable: boolean }[];
}
type Candidates = ReturnType<Collected['pins']>;

/** Whether PINs can be asked about: which HSM tokens there are. */
export function pinMarks(call: CallService): Promise<PinMarks> {
  return call<PinMarks>('GET', '/leaks/pins');
}

/**
 * Has the signers compare the candidates with their PINs, sealed for them: nobody between sees one. What is not
 * compared, since the day's number is used up, is said.
 */
export async function askPins(
  call: CallService,
  { hsm_tokens }: PinMarks,
  collected: Collected,
): Promise<void> {
  const candidates = collected.pins();
  for (const { hsm_token, public_key, comparable } of hsm_tokens) {
    if (public_key === null)
      collected.skip(`hsm:${hsm_token}`, 'its signer is away: its PIN is not compared');
    else if (!comparable)
      collected.skip(`hsm:${hsm_token}`, 'its PIN has fewer than 8 characters: it is not compared');
    else await askToken(call, hsm_token, candidates, collected);
  }
}

async function askToken(call: CallService, hsmToken: string, candidates: Candidates, collected: Collected) {
  let asked = 0;
  for (const batch of inBatches(candidates, MOST_PIN_CANDIDATES)) {
    try {
      const { matches } = await compare(call, hsmToken, batch);
      asked += batch.length;
      for (const at of matches) {
        const hit = batch[at];
        for (const place of hit?.places ?? [])
          if (hit) collected.add('pin', hit.sight, place, `hsm:${hsmToken}`);
      }
    } catch (error) {
      if (!(error instanceof CommandFailure)) throw error;
      collected.skip(
        `hsm:${hsmToken}`,
        `${candidates.length - asked} words not compared with its PIN: ${error.message}`,
      );
      return;
    }
  }
}

/** The key is asked for each time: a signer that was replaced has another. */
async function compare(call: CallService, hsmToken: string, batch: Candidates) {
  const { hsm_tokens } = await pinMarks(call);
  const key = hsm_tokens.find(({ hsm_token }) => hsm_token === hsmToken)?.public_key;
  if (!key) throw new CommandFailure(EXIT.failed, 'hsm_unavailable', 'its signer went away');
  const sealed = seal(key, packPinCandidates(batch.map(({ sight }) => sight.secret))).toString('base64url');
  const places = batch.map((each) => placeOf(each.places));
  return call<{ matches: readonly number[] }>('POST', '/leaks/pins', { hsm_token: hsmToken, sealed, places });
}
