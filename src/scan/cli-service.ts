import { CommandFailure } from '../cli/failure.ts';
import type { CallService } from '../cli/operations-client.ts';
import { digestOfCredential, digestOfMadePin } from '../kernel/credential.ts';
import type { KnownDigestsAnswer } from '../leaks/index.ts';
import type { Collected, Place } from './cli-collected.ts';

/** Digests in one question. */
const BATCH = 1_000;
const PLACE_CHARACTERS = 500;

type Credentials = ReturnType<Collected['credentials']['list']>;
type Pins = ReturnType<Collected['pins']['list']>;
type Tokens = ReturnType<Collected['tokens']['list']>;

/**
 * Asks the service, by digests alone, what of the candidates is its own, and adds that to the findings. What it does not
 * answer is told as unchecked.
 */
export async function askDigests(
  call: CallService,
  collected: Collected,
  { report, now }: { readonly report: boolean; readonly now: number },
): Promise<void> {
  for (const batch of inBatches(collected.credentials.list())) {
    const holders = await orNone(collected, 'not asked of credentials', () =>
      askCredentials(call, batch, report),
    );
    addCredentials(collected, batch, holders);
  }
  for (const batch of inBatches(collected.tokens.list())) {
    const known = await orNone(collected, 'not asked of tokens', () => askTokens(call, batch, report));
    if (known) addTokens(collected, batch, known);
    else addUncheckedTokens(collected, batch, now);
  }
}

/** PINs are findings by themselves. With `report` the service raises an event for each; it compares nothing. */
export async function addPins(collected: Collected, call: CallService | undefined): Promise<void> {
  for (const batch of inBatches(collected.pins.list())) {
    if (call) await orNone(collected, 'not told of PINs', () => reportPins(call, batch));
    for (const pin of batch) collected.add('pin', pin, pin.sight.file);
  }
}

/** Without the service: credentials prove themselves by their checksum, tokens are told unless they have expired. */
export function addUnchecked(collected: Collected, now: number): void {
  addCredentials(collected, collected.credentials.list(), undefined);
  addUncheckedTokens(collected, collected.tokens.list(), now);
}

async function orNone<T>(collected: Collected, what: string, ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error;
    collected.skip('the service', `${what}: ${error.message}`);
    return undefined;
  }
}

/** A PIN that Keyward made goes by its digest. No digest of another leaves this machine: it could be guessed by it. */
async function reportPins(call: CallService, batch: Pins): Promise<unknown> {
  const pins = batch.map(({ sight, places }) => {
    const digest = digestOfMadePin(sight.secret)?.toString('base64url');
    return { ...(digest === undefined ? {} : { digest }), place: placeOf(places) };
  });
  return call('POST', '/leaks/digests', { pins, report: true });
}

/** Who holds each, by its place in the batch. */
async function askCredentials(call: CallService, batch: Credentials, report: boolean): Promise<string[]> {
  const credentials = batch.map(({ sight, places }) => ({
    digest: digestOfCredential(sight.secret).toString('base64url'),
    place: placeOf(places),
  }));
  const known = await call<KnownDigestsAnswer>('POST', '/leaks/digests', { credentials, report });
  const byDigest = new Map(known.credentials.map((each) => [each.digest, each]));
  return credentials.map(({ digest }) => {
    const found = byDigest.get(digest);
    return found ? `${found.holder}${found.live ? '' : ', no longer accepted'}` : 'not on record here';
  });
}

function addCredentials(
  collected: Collected,
  batch: Credentials,
  holders: readonly string[] | undefined,
): void {
  for (const [at, credential] of batch.entries()) {
    const kind = credential.sight.of === 'svc' ? 'client_credential' : 'operator_credential';
    collected.add(kind, credential, holders?.[at]);
  }
}

async function askTokens(
  call: CallService,
  batch: Tokens,
  report: boolean,
): Promise<KnownDigestsAnswer['tokens']> {
  const tokens = batch.map(({ name: digest, sight, places }) => ({
    digest,
    iat: sight.iat,
    place: placeOf(places),
  }));
  return (await call<KnownDigestsAnswer>('POST', '/leaks/digests', { tokens, report })).tokens;
}

/** What is not on record is somebody else’s token. */
function addTokens(collected: Collected, batch: Tokens, known: KnownDigestsAnswer['tokens']): void {
  const byDigest = new Map(known.map((each) => [each.digest, each]));
  for (const token of batch) {
    const found = byDigest.get(token.name);
    if (!found) {
      if (token.sight.isStatement) collected.passOver();
      continue;
    }
    const about = `scope ${found.scope}, client:${found.client}, key ${found.kid}`;
    collected.add(found.live ? 'token_live' : 'token_recorded', token, about);
  }
}

function addUncheckedTokens(collected: Collected, batch: Tokens, now: number): void {
  for (const token of batch) {
    const { exp, isStatement } = token.sight;
    if (isStatement) collected.passOver();
    else if (exp === null || exp > now) collected.add('token_unchecked', token);
  }
}

function* inBatches<T>(all: readonly T[], size = BATCH): Generator<readonly T[]> {
  for (let at = 0; at < all.length; at += size) yield all.slice(at, at + size);
}

/** The first of them, as the service may store it. */
function placeOf([first]: readonly Place[]): string {
  if (!first) return 'not said';
  const text = `${first.place} at byte ${first.offset}`.replaceAll(/\p{C}/gu, '\ufffd');
  return text.slice(-PLACE_CHARACTERS);
}
