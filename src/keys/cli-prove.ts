import { verifyKeyEvidence } from '../verify-key-evidence.ts';
import type { HsmTokenAnswer, KeyAnswer } from '../cli/answers.ts';
import type { Context } from '../cli/context.ts';
import { EXIT, usageFailure } from '../cli/failure.ts';
import { findKey } from '../cli/find-key.ts';
import { writeNewFile } from '../cli/new-files.ts';
import { connect } from '../cli/operations-client.ts';
import { show } from '../cli/show.ts';
import { fields } from '../cli/text.ts';

export interface KeyProveOptions {
  readonly nonce?: string;
  readonly out?: string;
  readonly verify?: string;
  readonly auditKey?: string;
  readonly bindingKey?: string;
}

interface Answer {
  readonly key: KeyAnswer;
  readonly token: HsmTokenAnswer;
  readonly proven: boolean;
  readonly unproven: readonly string[];
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly nonce: string;
  readonly evidence: string | null;
  readonly audit_key: unknown;
  readonly binding_key: unknown;
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
  const answer = await call<Answer>('POST', `/keys/${encodeURIComponent(found.kid)}/prove`, body);
  const { evidence, audit_key, binding_key } = answer;
  if (options.out !== undefined && evidence !== null) {
    writeNewFile(options.out, `${JSON.stringify({ evidence, audit_key, binding_key }, null, 2)}\n`);
  }
  show(context, answer, () => describe(answer, context));
  if (!answer.proven) context.terminal.endWith(EXIT.failed);
}

function describe(answer: Answer, { terminal }: Context): string {
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
    terminal.colour,
  );
}

function verify(context: Context, file: string, { auditKey, bindingKey }: KeyProveOptions): void {
  const said = verifyKeyEvidence({ configFile: context.configFile, file, auditKey, bindingKey });
  show(context, said, () =>
    fields(
      Object.entries(said).map(([name, value]) => [name.replaceAll('_', ' '), String(value)] as const),
      context.terminal.colour,
    ),
  );
}
