import { digestOfCredential } from '../../domain/credential.ts';
import type { CallService } from '../operations-client.ts';
import type { Collected } from './collected.ts';
import type { Place } from './kinds.ts';

interface KnownDigests {
  readonly credentials: readonly { digest: string; live: boolean; holder: string }[];
  readonly tokens: readonly { digest: string; live: boolean; scope: string; kid: string; client: string }[];
}

/** Digests in one question. */
const BATCH = 1_000;
const PLACE_CHARACTERS = 500;

/** Asks the service, by digests alone, what of the candidates is its own, and adds that to the findings. */
export async function askDigests(call: CallService, collected: Collected, report: boolean): Promise<void> {
  await askCredentials(call, collected, report);
  await askTokens(call, collected, report);
}

async function askCredentials(call: CallService, collected: Collected, report: boolean): Promise<void> {
  for (const batch of inBatches(collected.credentials.list())) {
    const credentials = batch.map(({ sight, places }) => ({
      digest: digestOfCredential(sight.secret).toString('base64url'),
      place: placeOf(places),
    }));
    const known = await call<KnownDigests>('POST', '/leaks/digests', { credentials, report });
    const byDigest = new Map(known.credentials.map((each) => [each.digest, each]));
    for (const [at, { sight, places }] of batch.entries()) {
      const found = byDigest.get(credentials[at]?.digest ?? '');
      const about = found
        ? `${found.holder}${found.live ? '' : ', no longer accepted'}`
        : 'not on record here';
      const kind = sight.of === 'svc' ? 'client_credential' : 'operator_credential';
      for (const place of places) collected.add(kind, sight, place, about);
    }
  }
}

/** What is not on record is somebody else’s token. */
async function askTokens(call: CallService, collected: Collected, report: boolean): Promise<void> {
  for (const batch of inBatches(collected.tokens.list())) {
    const tokens = batch.map(({ name: digest, sight, places }) => ({
      digest,
      iat: sight.iat,
      place: placeOf(places),
    }));
    const known = await call<KnownDigests>('POST', '/leaks/digests', { tokens, report });
    const byDigest = new Map(known.tokens.map((each) => [each.digest, each]));
    for (const { name, sight, places } of batch) {
      const found = byDigest.get(name);
      if (!found) continue;
      const about = `scope ${found.scope}, client:${found.client}, key ${found.kid}`;
      const kind = found.live ? 'token_live' : 'token_recorded';
      for (const place of places) collected.add(kind, sight, place, about);
    }
  }
}

export function* inBatches<T>(all: readonly T[], size = BATCH): Generator<readonly T[]> {
  for (let at = 0; at < all.length; at += size) yield all.slice(at, at + size);
}

/** The first of them, as the service may store it. */
export function placeOf([first]: readonly Place[]): string {
  if (!first) return 'not said';
  const text = `${first.place} at byte ${first.offset}`.replaceAll(/\p{C}/gu, '\ufffd');
  return text.slice(-PLACE_CHARACTERS);
}
