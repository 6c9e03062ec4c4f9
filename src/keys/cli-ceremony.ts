import type { Context } from '../cli/context.ts';
import { usageFailure } from '../cli/failure.ts';
import { writeNewFile } from '../cli/new-files.ts';
import { connect } from '../cli/operations-client.ts';
import { show } from '../cli/show.ts';
import { fields } from '../cli/table.ts';
import { humanTime, utc } from '../cli/text.ts';
import { html, type Markup } from '../lib/html.ts';
import type { CeremonyAnswer } from './routes/ceremony.ts';

/** A constant, so that nothing that is told ever stands in it. */
const STYLE = html`
  body { font: 11pt/1.4 Georgia, serif; max-width: 48rem; margin: 2rem auto; padding: 0 1rem; color: #111; }
  h1 { font-size: 1.6em; margin: 0 0 .2em; }
  h2 { font-size: 1.2em; margin: 1.6em 0 .4em; border-bottom: 1px solid #999; }
  h3 { font-size: 1em; margin: 1em 0 .2em; }
  table { border-collapse: collapse; width: 100%; }
  th, td { text-align: left; vertical-align: top; padding: .15em .6em .15em 0; }
  th { font-weight: normal; color: #555; width: 12em; white-space: nowrap; }
  td, pre { font-family: ui-monospace, Menlo, Consolas, monospace; font-size: .85em; overflow-wrap: anywhere; }
  pre { white-space: pre-wrap; margin: 0; }
  .signatures td { height: 3.2em; border-bottom: 1px solid #111; }
  @page { size: A4; margin: 18mm; }
  @media print {
    body { margin: 0; max-width: none; padding: 0; font-size: 10pt; }
    h2, h3 { break-after: avoid; }
    tr, .signatures { break-inside: avoid; }
    .key { break-before: page; }
  }
`;

/** One HTML file that needs nothing else, and runs nothing: to be printed, signed by hand and filed. */
export function ceremonyPage(of: CeremonyAnswer): string {
  const { scope, audit_event: event } = of;
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Key ceremony: ${scope.id}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>Key ceremony</h1>
<p>How the keys of scope <strong>${scope.id}</strong> were made, as the audit trail of Keyward has it.</p>
<h2>Scope</h2>
${rows([
  ['id', scope.id],
  ['issuer', scope.issuer],
  ['audience', scope.audience],
  [
    'algorithm',
    scope.modulus_bits === null ? scope.algorithm : `${scope.algorithm}, ${scope.modulus_bits} bits`,
  ],
])}
<h2>By whom and when</h2>
${rows(persons(of))}
<h2>On record</h2>
${rows([
  ['audit event', event.sequence],
  ['its hash', event.hash],
  ['request', of.request_id ?? '-'],
])}
<h2>Signatures of those present</h2>
<table class="signatures">
${[of.made_by, of.approved_by ?? '', ''].map((name) => html`<tr><th>${name}</th><td></td></tr>`)}
</table>
${of.keys.map(keySection)}
</body>
</html>
`;
  return page.toString();
}

function persons(of: CeremonyAnswer): readonly Row[] {
  const made: Row = ['made', utc(of.made_at)];
  if (of.approved_by === null) return [['by', `${of.made_by}, alone`], made];
  return [
    ['proposed by', of.made_by],
    ['proposed', of.proposed_at === null ? '-' : utc(of.proposed_at)],
    ['approved by', of.approved_by],
    made,
    ['proposal', of.proposal ?? '-'],
  ];
}

function keySection(key: CeremonyAnswer['keys'][number]): Markup {
  const { token, mechanism } = key;
  return html`<section class="key">
<h2>Key ${key.kid}</h2>
${rows([
  ['thumbprint', key.kid],
  ['made as', key.state],
  ['id in the HSM', key.hsm_id],
  ['signs at most from', utc(key.sign_from)],
  ['until', utc(key.sign_until)],
  ['longest token', `${key.max_ttl_seconds} s`],
  ['public key', JSON.stringify(key.public_jwk)],
])}
<h3>HSM</h3>
${rows([
  ['token', `${key.hsm_token}: ${token.label}`],
  ['serial', token.serial],
  ['device', `${token.manufacturer} ${token.model}`],
  ['firmware', token.firmware],
  ['mechanism', `${mechanism.name} (0x${mechanism.number.toString(16)})`],
  ['read', utc(key.proven_at)],
])}
<h3>Attributes of the private half, as read</h3>
${rows(Object.entries(key.attributes).map(([name, value]) => [name, String(value)]))}
<h3>Binding record</h3>
<pre>${key.binding_record}</pre>
<h3>Proof by the key itself</h3>
<pre>${key.statement}</pre>
</section>`;
}

type Row = readonly [name: string, value: string | number];

function rows(of: readonly Row[]): Markup {
  return html`<table>
${of.map(([name, value]) => html`<tr><th>${name}</th><td>${value}</td></tr>`)}
</table>`;
}

interface CeremonyOptions {
  readonly html?: boolean;
  readonly out?: string;
}

export async function scopeCeremony(
  context: Context,
  id: string,
  { html = false, out }: CeremonyOptions,
): Promise<void> {
  if (html && out === undefined) throw usageFailure('name the file of the page with --out');
  const call = await connect(context);
  const answer = await call<{ ceremony: CeremonyAnswer }>(
    'GET',
    `/scopes/${encodeURIComponent(id)}/ceremony`,
  );
  const { ceremony } = answer;
  if (out !== undefined) {
    writeNewFile(out, html ? ceremonyPage(ceremony) : `${JSON.stringify(ceremony, null, 2)}\n`);
  }
  show(context, answer, () => describe(ceremony, context));
}

function describe(of: CeremonyAnswer, { terminal }: Context): string {
  const { scope, audit_event: event } = of;
  return fields(
    [
      ['scope', [scope.id, 'bold']],
      ['made', humanTime(of.made_at, terminal.nowSeconds)],
      ['by', of.made_by],
      ['approved by', of.approved_by ?? '-'],
      ['audit event', `${event.sequence} ${event.hash}`],
      ...of.keys.flatMap(({ kid, state, token }) => [
        ['key', `${kid} (${state})`] as const,
        ['HSM', `${token.label}, serial ${token.serial}, firmware ${token.firmware}`] as const,
      ]),
    ],
    terminal,
  );
}
