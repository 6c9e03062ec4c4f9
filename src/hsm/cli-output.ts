import { closeSync, writeSync } from 'node:fs';
import type { InventoryAnswer, TokenOutcomeAnswer } from '../cli/answers.ts';
import type { Context } from '../cli/context.ts';
import { EXIT } from '../cli/failure.ts';
import { createSecretFile } from '../cli/new-files.ts';
import { connect } from '../cli/operations-client.ts';
import { show } from '../cli/show.ts';
import { type Cell, type Colour, fields, humanTime, table } from '../cli/text.ts';
import { makePin } from '../kernel/credential.ts';
import { safeJson } from '../lib/json.ts';
import { replaceHsm } from '../restore/replace-hsm.ts';

interface LatchAnswer {
  readonly token: string;
  readonly open: boolean;
}

export async function hsmClearLatch(context: Context, token: string): Promise<void> {
  const call = await connect(context);
  const answer = await call<LatchAnswer>('POST', `/hsm/${encodeURIComponent(token)}/clear-latch`);
  show(context, answer, () =>
    answer.open
      ? `The HSM token ${token} is open.`
      : `The HSM token ${token} is still closed; the service's log says why.`,
  );
}

/** What became of a token's keys, which scopes go on, and which wait. */
export function describeTokenOutcome(answer: TokenOutcomeAnswer, { terminal }: Context): string {
  const { hsm_token, keys, compromised, promoted, waiting, service_keys } = answer;
  const pairs: [string, Cell][] = [
    ['HSM token', hsm_token],
    ['keys', keys === 0 ? 'none: it was compromised before, or holds none' : [`${keys} compromised`, 'red']],
    ['go on', promoted.length === 0 ? 'none' : promoted.map(({ scope }) => scope).join(' ')],
    ['wait', waiting.length === 0 ? 'none' : [waiting.join(' '), 'yellow']],
  ];
  if (service_keys) pairs.push(['also there', ['the registry key and the audit key: enrol new ones', 'red']]);
  const listed = compromised.map(({ kid, scope }): Cell[] => [kid, scope]);
  const parts = [fields(pairs, terminal.colour)];
  if (listed.length > 0) parts.push(table(['compromised', 'scope'], listed, terminal.colour));
  return parts.join('\n\n');
}

export interface HsmCompromiseOptions {
  readonly reason: string;
  readonly keepForForensics?: boolean;
}

export async function hsmCompromise(
  context: Context,
  token: string,
  { reason, keepForForensics = false }: HsmCompromiseOptions,
): Promise<void> {
  const call = await connect(context);
  const body = { reason, keep_for_forensics: keepForForensics };
  const answer = await call<TokenOutcomeAnswer>('POST', `/hsm/${encodeURIComponent(token)}/compromise`, body);
  show(context, answer, () => describeTokenOutcome(answer, context));
}

interface EnrolAnswer {
  readonly registry_key: string;
  readonly audit_key: string;
  readonly former_token: string;
  readonly stolen: boolean;
  readonly keys: number;
}

export interface HsmEnrolOptions {
  readonly reason: string;
  readonly stolen?: boolean;
}

export async function hsmEnrol(context: Context, { reason, stolen = false }: HsmEnrolOptions): Promise<void> {
  const call = await connect(context);
  const answer = await call<EnrolAnswer>('POST', '/service-keys/enrol', { reason, stolen });
  show(context, answer, () =>
    [
      `Enrolled: registry key ${answer.registry_key}, audit key ${answer.audit_key}.`,
      `The lost token is ${answer.former_token} from now on; ${answer.keys} signing keys were on it.`,
      answer.stolen
        ? 'They are compromised: none of their tokens is accepted.'
        : 'They sign no more, and their tokens are good until they expire.',
    ].join('\n'),
  );
}

const COLOURS = new Map<string, Colour>([
  ['leftover', 'dim'],
  ['unexpected', 'yellow'],
]);

/** What an HSM token is, and in what it differs from the registry. */
export function describeInventory(of: InventoryAnswer, { terminal }: Context): string {
  const { label, serial, manufacturer, model, firmware } = of.token;
  const known = fields(
    [
      ['HSM token', [of.hsm_token, 'bold']],
      ['label', `${label} (serial ${serial})`],
      ['device', `${manufacturer} ${model}, firmware ${firmware}`],
      ['looked at', humanTime(of.taken_at, terminal.nowSeconds)],
      ['keys', `${of.proven} of ${of.expected} proven`],
      ['objects', String(of.objects)],
    ],
    terminal.colour,
  );
  if (of.findings.length === 0) return `${known}\n\nIt holds what the registry says, and nothing else.`;
  const rows = of.findings.flatMap(({ kind, hsm_id, kid, scope, details }) =>
    details.map((detail, at): Cell[] =>
      at === 0
        ? [[kind, COLOURS.get(kind) ?? 'red'], kid ?? '-', scope ?? '-', hsm_id ?? '-', detail]
        : ['', '', '', '', detail],
    ),
  );
  const found = table(['finding', 'kid', 'scope', 'HSM id', 'details'], rows, terminal.colour);
  return [known, found, ...(of.omitted > 0 ? [`and ${of.omitted} more`] : [])].join('\n\n');
}

export interface HsmInventoryOptions {
  readonly token?: string;
  readonly last?: boolean;
}

interface InventoryReading {
  readonly inventories: readonly InventoryAnswer[];
  readonly away?: readonly { readonly hsm_token: string; readonly code: string; readonly detail: string }[];
}

/** Leftovers under a reserved id are known, and no reason for another exit code. */
export async function hsmInventory(context: Context, { token, last }: HsmInventoryOptions): Promise<void> {
  const call = await connect(context);
  const all = last
    ? await call<InventoryReading>('GET', '/inventory')
    : await call<InventoryReading>('POST', '/inventory', token === undefined ? {} : { hsm_token: token });
  const inventories = all.inventories.filter(({ hsm_token }) => token === undefined || hsm_token === token);
  const answer = { ...all, inventories };
  const { away = [] } = answer;
  show(context, answer, () =>
    [
      ...inventories.map((inventory) => describeInventory(inventory, context)),
      ...away.map(({ hsm_token, detail }) => `${hsm_token}: ${detail}`),
    ].join('\n\n'),
  );
  const differs = inventories.some(({ findings }) => findings.some(({ kind }) => kind !== 'leftover'));
  if (differs || away.length > 0) context.terminal.endWith(EXIT.failed);
}

/** Writes a new PIN into a new file (0600) and prints no part of it. Asks no service and no HSM. */
export function hsmMakePin({ options, terminal }: Context, { out }: { readonly out: string }): void {
  const descriptor = createSecretFile(out);
  try {
    writeSync(descriptor, `${makePin()}\n`);
  } finally {
    closeSync(descriptor);
  }
  terminal.print(options.json ? safeJson({ file: out }) : `the PIN is in ${out}`);
}

/** Makes the successors of lost service keys; two persons have yet to enrol them. */
export async function hsmReplace(context: Context): Promise<void> {
  const { former, registryKid, auditKid, lastCheckpoint } = await replaceHsm(context.configFile);
  const answer = {
    former_registry_key: former.registryKid,
    former_audit_key: former.auditKid,
    registry_key: registryKid,
    audit_key: auditKid,
    last_checkpoint: lastCheckpoint,
  };
  show(context, answer, () =>
    [
      `registry key ${registryKid} (before: ${former.registryKid})`,
      `audit key ${auditKid} (before: ${former.auditKid})`,
      `The former audit key counts for checkpoints up to ${lastCheckpoint}.`,
      `They are written into ${context.configFile}. Start the service; two operators enrol them:`,
      'keyward hsm enrol --reason TEXT, then keyward proposal approve ID.',
    ].join('\n'),
  );
}
