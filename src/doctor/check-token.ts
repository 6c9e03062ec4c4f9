import type { Config } from '../config.ts';
import { type DatabaseSettings, isMade } from '../db/database-settings.ts';
import { openReader } from '../db/open-engine.ts';
import { openPermits } from '../hsm/index.ts';
import {
  type ConfiguredToken,
  type ForkedToken,
  isForked,
  serviceKeysOf,
  signerOptions,
} from '../hsm/tokens.ts';
import { whyOf } from '../kernel/errors.ts';
import { FIRST_TOKEN } from '../kernel/key.ts';
import { isSoftwareHsm, type KeyProof, type KeyReference, type TokenDescription } from '../kernel/signer.ts';
import { type Finding, fail, octal, ok, statusOf, warn, writableByOthers } from '../lib/finding.ts';
import { createSignerLink, type SignerEvent, type SignerLink } from '../signer/signer-link.ts';
import { checkLatch, checkPermits, checkPinFile } from './check-pin.ts';
import { checkSigner } from './check-signer.ts';
import { storedKeys, tryKeys } from './try-keys.ts';

const LOST_TOKEN = 'if the token is lost for good: docs/runbooks/lost-hsm.md';

/** Whether the token holds the service keys that the configuration places on it. */
async function checkServiceKeys(
  config: Config,
  hsmToken: string,
  { label, serial }: Pick<TokenDescription, 'label' | 'serial'>,
  link: Pick<SignerLink, 'inventory'>,
): Promise<Finding> {
  const held = new Set((await link.inventory()).map(({ kid }) => kid));
  const named = serviceKeysOf(config).filter(
    (key) => key.hsmToken === hsmToken && key.thumbprint !== undefined,
  );
  const missing = named.filter(({ thumbprint }) => !held.has(thumbprint ?? null));
  const roles = missing.map(({ role }) => role.replace(/:.*/, ''));
  if (roles.length === 0) return ok('service keys', 'the token holds those that the configuration names');
  return fail(
    'service keys',
    `${label} (serial ${serial}) does not hold the ${roles.join(' key and the ')} key that the configuration names`,
    `name the token that holds them; ${LOST_TOKEN}`,
  );
}

/** Successors of lost service keys that nobody has enrolled yet; nothing where there are none. */
export async function checkSuccession({ database, hsm }: Config): Promise<readonly Finding[]> {
  const former = hsm.replacements.at(-1)?.former.registry_key.kid;
  if (former === undefined || !isMade(database)) return [];
  const enrolled = await readable('succession', () => enrolledRegistryKey(database));
  if ('level' in enrolled) return [enrolled];
  if (enrolled.kid !== former)
    return [ok('succession', 'the service keys that the configuration names are enrolled')];
  return [
    fail(
      'succession',
      'two operators have yet to enrol the service keys that the configuration names; until then nothing is issued',
      'start the service, then keyward hsm enrol --reason TEXT and keyward proposal approve ID',
    ),
  ];
}

async function enrolledRegistryKey(
  database: DatabaseSettings,
): Promise<{ readonly kid: string | undefined }> {
  const reader = await openReader(database);
  try {
    const row = await reader.read((trx) =>
      trx.selectFrom('service_keys').select('kid').where('role', '=', 'registry').executeTakeFirst(),
    );
    return { kid: row?.kid };
  } finally {
    await reader.close();
  }
}

/**
 * Has every key on one HSM token proven. Trial keys are made only where no service runs: its inventory would take them
 * for somebody else's.
 */
export function checkToken(
  config: Config,
  token: ConfiguredToken,
  { makesTrialKeys }: { readonly makesTrialKeys: boolean },
): Promise<readonly Finding[]> {
  return withToken(config, token, {
    use: async (link) => {
      const description = await link.describe();
      const serviceKeys = await checkServiceKeys(config, token.name, description, link);
      const trials = makesTrialKeys ? await tryKeys(link, description.algorithms) : [];
      const found = [...described(description), ...trials, serviceKeys];
      return serviceKeys.level === 'ok' ? [...found, ...(await proofs(config, token, link))] : found;
    },
    otherwise: (why) => [unopened(token, why)],
  });
}

/**
 * Opens one HSM token through a signer of its own, which logs in once. The latch holds for this login as for any other
 * (I9), and so do the permits of hosts that share a database. `otherwise`: it cannot be opened.
 */
export async function withToken<T>(
  config: Config,
  token: ConfiguredToken,
  { use, otherwise }: { use(link: SignerLink): Promise<T>; otherwise(why: string): T },
): Promise<T> {
  let why = 'the signer gave no reason';
  const options = signerOptions(config, token, (event) => {
    why = reasonIn(event) ?? why;
  });
  const permits = await openPermits(config);
  const link = createSignerLink({ ...options, permits: permits.of(token) });
  try {
    await link.start();
    return link.state() === 'ready' ? await use(link) : otherwise(why);
  } finally {
    await link.stop();
    await permits.close();
  }
}

function reasonIn(event: SignerEvent): string | undefined {
  return event.type === 'away' || event.type === 'latched' ? event.why : undefined;
}

function unopened({ name, member, settings }: ConfiguredToken, why: string): Finding {
  return fail(
    'token',
    `token ${settings.token_label} (serial ${settings.token_serial}) cannot be opened: ${why}`,
    `${settings.signer ? 'look into the log of keyward signer, which says more' : `check module, token_label, token_serial and environment of ${member}`}, and that the HSM is reachable${name === FIRST_TOKEN ? `; ${LOST_TOKEN}` : ''}`,
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
  const bindingIssuer = serviceKeysOf(config).find(({ hsmToken }) => hsmToken === name);
  if (bindingIssuer?.thumbprint === undefined) {
    const lacking = bindingIssuer?.role === 'registry' ? 'registry key' : 'binding key';
    return [fail('keys', `the configuration names no ${lacking}`, 'run keyward init')];
  }
  const keys = await readable('keys', () => storedKeys(config.database, name));
  if ('level' in keys) return [keys];
  return keys.length === 0
    ? [warn('keys', 'there are no keys', 'make a scope: keyward scope create')]
    : prove(link, keys);
}

/** A finding where the database cannot be read: the others go on. */
async function readable<T extends object>(check: string, read: () => Promise<T>): Promise<T | Finding> {
  try {
    return await read();
  } catch (error) {
    return fail(check, `the database cannot be read: ${whyOf(error)}`, 'mend what is said of the database');
  }
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

/** The PKCS#11 module's file; whether it loads is seen when the token is opened. */
export function checkModule({ member, settings }: ForkedToken): Finding {
  const file = settings.module;
  const status = statusOf(file);
  if (!status)
    return fail('module', `${file} is not there`, `install the HSM’s module, or mend ${member}.module`);
  if (writableByOthers(status)) {
    return fail('module', `${file} may be changed by others (${octal(status)})`, `chmod go-w ${file}`);
  }
  return ok('module', file);
}

/** What has to be well before any PIN is tried. */
export async function checkBefore(config: Config, token: ConfiguredToken): Promise<readonly Finding[]> {
  const own = isForked(token)
    ? [checkModule(token), checkPinFile(token), checkLatch(token)]
    : await checkSigner(token);
  return [...own, ...(await checkPermits(config, token))];
}
