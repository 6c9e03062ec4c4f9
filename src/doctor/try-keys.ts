import type { DatabaseSettings } from '../db/database-settings.ts';
import { openReader } from '../db/open-engine.ts';
import { tokenColumn } from '../db/scope-row.ts';
import { type Algorithm, isRsa } from '../kernel/algorithm.ts';
import { KeywardError, operatorText } from '../kernel/errors.ts';
import type { KeyReference, KeyTrial } from '../kernel/signer.ts';
import { type Finding, fail, ok } from '../lib/finding.ts';
import type { SignerLink } from '../signer/signer-link.ts';

const CHECK = 'trial keys';
export const SMALLEST_RSA = 2048;

/**
 * Has the token make a key pair of each algorithm that it offers, prove it and destroy it: what stands in the way of a
 * key is said before `keyward init` or a new scope meets it.
 */
export async function tryKeys(
  link: Pick<SignerLink, 'tryKey'>,
  algorithms: readonly Algorithm[],
): Promise<readonly Finding[]> {
  const good: Algorithm[] = [];
  const bad: Finding[] = [];
  for (const algorithm of algorithms) {
    const finding = await tryKey(link, algorithm);
    if (finding) bad.push(finding);
    else good.push(algorithm);
  }
  if (good.length === 0) return bad;
  return [ok(CHECK, `made, proven and destroyed: ${good.join(', ')}`), ...bad];
}

async function tryKey(link: Pick<SignerLink, 'tryKey'>, algorithm: Algorithm): Promise<Finding | undefined> {
  try {
    return flawOf(algorithm, await trialOf(link, algorithm));
  } catch (error) {
    if (!(error instanceof KeywardError)) throw error;
    return fail(CHECK, `${algorithm}: ${operatorText(error)}`, 'mend what it says, and run doctor again');
  }
}

/** Of the smallest key of that algorithm. */
export function trialOf(link: Pick<SignerLink, 'tryKey'>, algorithm: Algorithm): Promise<KeyTrial> {
  return link.tryKey({ algorithm, modulusBits: isRsa(algorithm) ? SMALLEST_RSA : null });
}

function flawOf(algorithm: Algorithm, { refused, unproven }: KeyTrial): Finding | undefined {
  if (refused) {
    const { answer, attributes } = refused;
    return attributes.length === 0
      ? fail(CHECK, `${algorithm}: the module makes no such key (${answer})`, 'use another algorithm or HSM')
      : fail(
          CHECK,
          `${algorithm}: the module refuses ${attributes.join(', ')} (${answer})`,
          'no key is made without it, since nothing else shows what it shows; use another HSM or module',
        );
  }
  if (unproven.length === 0) return undefined;
  return fail(
    CHECK,
    `${algorithm}: a new key is not proven: ${unproven.join('; ')}`,
    'such a key would not serve; use another HSM or module',
  );
}

/** Keys whose private half should be on that HSM token, read without a trace. */
export async function storedKeys(
  database: DatabaseSettings,
  hsmToken: string,
): Promise<readonly KeyReference[]> {
  const reader = await openReader(database);
  try {
    const rows = await reader.read((trx) =>
      trx
        .selectFrom('signing_keys')
        .select(['kid', 'hsm_id', 'binding_record'])
        .where('hsm_token', 'is not distinct from', tokenColumn(hsmToken))
        .where('state', 'in', ['pre_activation', 'active', 'suspended'])
        .orderBy('kid')
        .execute(),
    );
    return rows.flatMap(({ kid, hsm_id, binding_record }) =>
      kid !== null && binding_record !== null ? [{ kid, hsmId: hsm_id, bindingRecord: binding_record }] : [],
    );
  } finally {
    await reader.close();
  }
}
