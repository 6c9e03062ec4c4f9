import type { Config } from '../config.ts';
import { FIRST_TOKEN } from '../domain/hsm-token.ts';
import type { KeyProof, KeyReference, TokenDescription } from '../kernel/signer.ts';
import { isSoftwareHsm } from '../domain/software-hsm.ts';
import { type ConfiguredToken, serviceKeysOf } from '../hsm/tokens.ts';
import { createSignerLink, type SignerEvent, type SignerLink } from '../signer/signer-link.ts';
import { signerOptions } from '../signer-options.ts';
import { checkServiceKeys, LOST_TOKEN } from './check-service-keys.ts';
import { type Finding, fail, ok, warn } from './finding.ts';
import { storedKeys } from './stored-keys.ts';
import { tryKeys } from './try-keys.ts';

/**
 * Opens one HSM token through a signer of its own, which logs in once, and has every key on it proven. The latch
 * holds for this login as for any other (I9). Trial keys are made only where no service runs: its inventory would take
 * them for somebody else's.
 */
export async function checkToken(
  config: Config,
  token: ConfiguredToken,
  { makesTrialKeys }: { readonly makesTrialKeys: boolean },
): Promise<readonly Finding[]> {
  let why = 'the signer gave no reason';
  const link = createSignerLink(
    signerOptions(config, token, (event) => {
      why = reasonIn(event) ?? why;
    }),
  );
  try {
    await link.start();
    if (link.state() !== 'ready') return [unopened(token, why)];
    const description = await link.describe();
    const serviceKeys = await checkServiceKeys(config, token.name, description, link);
    const trials = makesTrialKeys ? await tryKeys(link, description.algorithms) : [];
    const found = [...described(description), ...trials, serviceKeys];
    return serviceKeys.level === 'ok' ? [...found, ...(await proofs(config, token, link))] : found;
  } finally {
    await link.stop();
  }
}

function reasonIn(event: SignerEvent): string | undefined {
  return event.type === 'away' || event.type === 'latched' ? event.why : undefined;
}

function unopened({ name, member, settings }: ConfiguredToken, why: string): Finding {
  return fail(
    'token',
    `token ${settings.token_label} (serial ${settings.token_serial}) cannot be opened: ${why}`,
    `check module, token_label, token_serial and environment of ${member}, and that the HSM is reachable${name === FIRST_TOKEN ? `; ${LOST_TOKEN}` : ''}`,
  );
}

function described(token: TokenDescription): readonly Finding[] {
  const { label, serial, manufacturer, model, firmware, algorithms } = token;
  const name = `${label} (serial ${serial}): ${manufacturer} ${model}, firmware ${firmware}`;
  const found = isSoftwareHsm(token) ? software(name) : ok('token', name);
  if (algorithms.length > 0) return [found, ok('mechanisms', `this token signs ${algorithms.join(', ')}`)];
  return [found, fail('mechanisms', 'this token has no mechanism that is needed', 'choose another HSM')];
}

function software(name: string): Finding {
  return warn(
    'token',
    `${name}: a software HSM, whose keys are files`,
    'use a hardware token where keys matter; production takes this one only with allow_software: true',
  );
}

async function proofs(
  config: Config,
  { name }: ConfiguredToken,
  link: SignerLink,
): Promise<readonly Finding[]> {
  const voucher = serviceKeysOf(config).find(({ hsmToken }) => hsmToken === name);
  if (voucher?.thumbprint === undefined) {
    const lacking = voucher?.role === 'registry' ? 'registry key' : 'binding key';
    return [fail('keys', `the configuration names no ${lacking}`, 'run keyward init')];
  }
  const keys = await storedKeys(config.database.file, name);
  return keys.length === 0
    ? [warn('keys', 'there are no keys', 'make a scope: keyward scope create')]
    : prove(link, keys);
}

async function prove(link: SignerLink, keys: readonly KeyReference[]): Promise<readonly Finding[]> {
  const proven = await link.serve(keys);
  const bad = proven.filter((proof) => !proof.proven);
  const good = ok('keys', `${proven.length - bad.length} of ${proven.length} keys proven non-exportable`);
  return [...(bad.length < proven.length ? [good] : []), ...bad.map(unproven)];
}

function unproven({ kid, unproven }: KeyProof): Finding {
  return fail(
    'keys',
    `${kid} is not proven: ${unproven.join('; ')}`,
    'it does not serve; find out who made or changed it, and replace its scope’s keys',
  );
}
