import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { FIRST_TOKEN } from '../kernel/key.ts';
import { FlawedFile } from '../yaml-file/problem.ts';
import { readYamlAs } from '../yaml-file/read-yaml.ts';
import { leavesOf, type Variables, variableOf } from '../yaml-file/variables.ts';
import { ownText, refuseFile } from './own-file.ts';
import { withTokenFiles } from './token-files.ts';
import { signerSections, withOneSigner } from './token-sections.ts';

/** What the signer goes by. It reads this itself: no message of the front changes any of it. Paths are absolute. */
export interface SignerSettings {
  readonly modulePath: string;
  readonly tokenLabel: string;
  readonly tokenSerial: string;
  readonly pinFile: string;
  /** Keeps the fate of the last PIN attempt across restarts (I9). */
  readonly latchFile: string;
  /** Folder of what this signer sealed, bound and generated. */
  readonly stateDir: string;
  /** Seconds. Nothing is signed that is dated further from the signer's own clock. */
  readonly clockSkewSeconds: number;
  /** Which of the service's own keys belong on this token: of any other kind none is made there, or goes by its label. */
  readonly serviceKeys: readonly (keyof ServiceKids)[];
  /** Whether a token that is a program is refused. */
  readonly hardwareOnly: boolean;
  /** Upper limit; the token's own limit less one is the other. */
  readonly sessions: number;
  /**
   * Thumbprint of the registry key: on the first token, the root of all binding records. Null on the others and
   * before `keyward init` has named it.
   */
  readonly registryKid: string | null;
  /** The same for the audit key. Without it the signer signs no checkpoint; all else goes on. */
  readonly auditKid: string | null;
  /** On a further token, the key that takes the registry key's part for the binding records of the keys there. */
  readonly bindingKid: string | null;
  /** Thumbprints of the registry key, former ones and binding keys, but for the token's own: key sets may hold keys of theirs. */
  readonly otherBindingKids: readonly string[];
}

/** The service's own keys on the token. */
export type ServiceKids = Pick<SignerSettings, 'registryKid' | 'auditKid' | 'bindingKid'>;

/** Every other section of the file is the front's. */
const schema = z.object({ ...signerSections, hsm: withOneSigner(signerSections.hsm) });

/** The settings of one token in the file, and the variables, that whoever starts the signer names. `invalid_config`. */
export function readSettings(path: string, hsmToken: string, variables: Variables = {}): SignerSettings {
  const absolute = resolve(path);
  const read = readYamlAs(schema, ownText(absolute), { variables: own(variables), inFileOnly: {} });
  if (read.problems) throw new FlawedFile(absolute, read.problems);
  const { mode, hsm, hsm_tokens } = read.value;
  const isFirst = hsmToken === FIRST_TOKEN;
  const section = isFirst ? hsm : hsm_tokens[hsmToken];
  if (!section) refuseFile(absolute, `there is no hsm_tokens.${hsmToken}`);
  const token = withTokenFiles(section, hsmToken, dirname(absolute));
  if (token.signer)
    refuseFile(absolute, `the signer of ${hsmToken} runs by itself: this is the file of its front`);
  return {
    modulePath: token.module,
    tokenLabel: token.token_label,
    tokenSerial: token.token_serial,
    pinFile: token.pin_file,
    latchFile: token.latch_file,
    stateDir: token.state_dir,
    clockSkewSeconds: token.clock_skew_seconds,
    serviceKeys: isFirst ? ['registryKid', 'auditKid'] : ['bindingKid'],
    hardwareOnly: mode === 'production' && !token.allow_software,
    sessions: token.sessions,
    registryKid: (isFirst && hsm.registry_key) || null,
    auditKid: (isFirst && hsm.audit_key) || null,
    bindingKid: hsm_tokens[hsmToken]?.binding_key ?? null,
    otherBindingKids: [
      ...(isFirst ? [] : [hsm.registry_key ?? []]).flat(),
      ...Object.entries(hsm_tokens).flatMap(([name, { binding_key }]) =>
        name === hsmToken ? [] : (binding_key ?? []),
      ),
      ...hsm.replacements.map(({ former }) => former.registry_key.kid),
    ],
  };
}

/** The front has refused what is none of anybody's. */
function own(variables: Variables): Variables {
  const names = new Set(leavesOf(schema).map(({ path }) => variableOf(path)));
  return Object.fromEntries(Object.entries(variables).filter(([name]) => names.has(name)));
}

/** As if the file named none of the service's own keys: for making them on a new token. */
export function withoutOwnKeys(settings: SignerSettings): SignerSettings {
  return { ...settings, registryKid: null, auditKid: null, bindingKid: null };
}
