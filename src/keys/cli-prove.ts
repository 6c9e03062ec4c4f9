import type { Context } from '../cli/context.ts';
import { EXIT, usageFailure } from '../cli/failure.ts';
import { readJsonInput } from '../cli/input-file.ts';
import { memberCell } from '../cli/members.ts';
import { writeNewFile } from '../cli/new-files.ts';
import { connect } from '../cli/operations-client.ts';
import { show } from '../cli/show.ts';
import { fields } from '../cli/table.ts';
import { type Config, loadConfig } from '../config.ts';
import { serviceKeysOf } from '../hsm/tokens.ts';
import { KeywardError } from '../kernel/errors.ts';
import type { PublicJwk } from '../kernel/key.ts';
import { readKeyEvidence } from '../token/key-evidence.ts';
import { importPublicKey, readPublicJwk, thumbprint } from '../token/public-jwk.ts';
import { findKey } from './cli-output.ts';
import type { KeyProofAnswer } from './routes/proof.ts';

const HOLDS = 'what `keyward key prove --out` wrote';

interface EvidenceFile {
  readonly configFile: string;
  readonly file: string;
  /** Thumbprints to believe instead of the configuration's. */
  readonly auditKey?: string | undefined;
  readonly bindingKey?: string | undefined;
}

/**
 * Checks what `keyward key prove --out` wrote, with public keys alone. Which keys are believed, their thumbprints
 * say, had from elsewhere. `key_unproven`, `binding_refused` or `invalid_config` say what does not hold.
 */
async function verifyKeyEvidence({ configFile, file, auditKey, bindingKey }: EvidenceFile) {
  const given = readJsonInput(file, HOLDS);
  const [audit, binding] = [keyIn(given.audit_key, file), keyIn(given.binding_key, file)];
  const configured = auditKey && bindingKey ? [] : trustAnchors(loadConfig(configFile));
  const named = (isOne: (role: string) => boolean) =>
    configured.flatMap(({ role, thumbprint: kid }) => (isOne(role) && kid !== undefined ? [kid] : []));
  const audits = auditKey ? [auditKey] : named((role) => role === 'audit');
  const bindingIssuers = bindingKey ? [bindingKey] : named((role) => role !== 'audit');
  if (!audits.includes(thumbprint(audit)) || !bindingIssuers.includes(thumbprint(binding))) {
    throw new KeywardError('invalid_config', 'the file is signed by other keys than those to be believed');
  }
  const bindingIssuer = { kid: thumbprint(binding), publicKey: importPublicKey(binding) };
  const statement = await readKeyEvidence(
    String(given.evidence),
    { kid: thumbprint(audit), publicKey: importPublicKey(audit) },
    new Map([[bindingIssuer.kid, bindingIssuer]]),
  );
  const { proof, binding: bound, state, iat } = statement;
  return {
    valid: true,
    kid: proof.kid,
    scope: bound.scope,
    issuer: bound.issuer,
    audience: bound.audience,
    state,
    hsm_serial: proof.token.serial,
    firmware: proof.token.firmware,
    mechanism: proof.mechanism.name,
    nonce: proof.nonce,
    iat,
  };
}

function keyIn(value: unknown, file: string): PublicJwk {
  try {
    return readPublicJwk(value);
  } catch {
    throw usageFailure(`${file} lacks the public keys; it must be ${HOLDS}`);
  }
}

/** Those in use and those before them: what is kept of a key outlives the token that held it. */
function trustAnchors(
  config: Config,
): readonly { readonly role: string; readonly thumbprint: string | undefined }[] {
  const former = config.hsm.replacements.flatMap(({ former: { registry_key, audit_key } }) => [
    { role: 'registry', thumbprint: registry_key.kid },
    { role: 'audit', thumbprint: audit_key.kid },
  ]);
  return [...serviceKeysOf(config), ...former];
}

interface KeyProveOptions {
  readonly nonce?: string;
  readonly out?: string;
  readonly verify?: string;
  readonly auditKey?: string;
  readonly bindingKey?: string;
}

export async function keyProve(
  context: Context,
  kid: string | undefined,
  options: KeyProveOptions,
): Promise<void> {
  if (options.verify !== undefined) return verify(context, options.verify, options);
  if (kid === undefined) throw usageFailure('name the key, or a file with --verify');
  const call = await connect(context);
  const found = await findKey(call, kid);
  const body = options.nonce === undefined ? {} : { nonce: options.nonce };
  const answer = await call<KeyProofAnswer>('POST', `/keys/${encodeURIComponent(found.kid)}/prove`, body);
  const { evidence, audit_key, binding_key } = answer;
  if (options.out !== undefined && evidence !== null) {
    writeNewFile(options.out, `${JSON.stringify({ evidence, audit_key, binding_key }, null, 2)}\n`);
  }
  show(context, answer, () => describe(answer, context));
  if (!answer.proven) context.terminal.endWith(EXIT.failed);
}

function describe(answer: KeyProofAnswer, { terminal }: Context): string {
  const { key, token, proven, unproven, attributes, nonce } = answer;
  return fields(
    [
      ['kid', [key.kid, 'bold']],
      ['scope', key.scope],
      ['state', key.state],
      ['proven', proven ? ['yes', 'green'] : ['no', 'red']],
      ...unproven.map((why) => ['', why] as const),
      ['HSM token', `${key.hsm_token}: ${token.label} (serial ${token.serial})`],
      ['device', `${token.manufacturer} ${token.model}, firmware ${token.firmware}`],
      ['nonce', nonce],
      ...Object.entries(attributes).map(([name, value]) => [name, String(value)] as const),
    ],
    terminal,
  );
}

async function verify(
  context: Context,
  file: string,
  { auditKey, bindingKey }: KeyProveOptions,
): Promise<void> {
  const said = await verifyKeyEvidence({ configFile: context.configFile, file, auditKey, bindingKey });
  show(context, said, () =>
    fields(
      Object.entries(said).map(
        ([name, value]) => [name.replaceAll('_', ' '), memberCell(name, value)] as const,
      ),
      context.terminal,
    ),
  );
}
