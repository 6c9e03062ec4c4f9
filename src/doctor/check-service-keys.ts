import { existsSync } from 'node:fs';
import type { Config } from '../config.ts';
import { ownSchema } from '../db/own-schema.ts';
import { Reader } from '../db/reader.ts';
import type { TokenDescription } from '../kernel/signer.ts';
import { serviceKeysOf } from '../hsm/tokens.ts';
import type { SignerLink } from '../signer/signer-link.ts';
import { type Finding, fail, ok } from './finding.ts';

export const LOST_TOKEN = 'if the token is lost for good: docs/runbooks/lost-hsm.md';

/** Whether the token holds the service keys that the configuration places on it. */
export async function checkServiceKeys(
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
  if (former === undefined || !existsSync(database.file)) return [];
  const reader = new Reader(database.file, await ownSchema());
  try {
    const row = await reader.read((trx) =>
      trx.selectFrom('service_keys').select('kid').where('role', '=', 'registry').executeTakeFirst(),
    );
    if (row?.kid !== former)
      return [ok('succession', 'the service keys that the configuration names are enrolled')];
    return [
      fail(
        'succession',
        'two operators have yet to enrol the service keys that the configuration names; until then nothing is issued',
        'start the service, then keyward hsm enrol --reason TEXT and keyward proposal approve ID',
      ),
    ];
  } finally {
    reader.close();
  }
}
