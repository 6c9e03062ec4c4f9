import type { CeremonyAnswer } from '../cli/answers.ts';
import { ceremonyPage } from '../cli/ceremony-page.ts';
import type { Context } from '../cli/context.ts';
import { usageFailure } from '../cli/failure.ts';
import { writeNewFile } from '../cli/new-files.ts';
import { connect } from '../cli/operations-client.ts';
import { show } from '../cli/show.ts';
import { fields } from '../cli/text.ts';
import { humanTime } from '../cli/time.ts';

export interface CeremonyOptions {
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
    terminal.colour,
  );
}
