import type { Context } from '../cli/context.ts';
import { connect } from '../cli/operations-client.ts';
import { show } from '../cli/show.ts';
import { type Cell, instantCell, table } from '../cli/table.ts';
import type { KeySetSignersAnswer } from './routes/key-set-signers.ts';
import type { VerifierAnswer } from './routes/verifiers.ts';

export async function verifierList(context: Context, { scope }: { readonly scope?: string }): Promise<void> {
  const call = await connect(context);
  const query = scope === undefined ? '' : `?scope=${encodeURIComponent(scope)}`;
  const answer = await call<{ verifiers: readonly VerifierAnswer[] }>('GET', `/verifiers${query}`);
  show(context, answer, () => describe(answer.verifiers, context));
}

export async function verifierPins(context: Context): Promise<void> {
  const call = await connect(context);
  const answer = await call<KeySetSignersAnswer>('GET', '/key-set-signers');
  show(context, answer, () => JSON.stringify(answer.keys, null, 2));
}

function describe(verifiers: readonly VerifierAnswer[], { terminal }: Context): string {
  if (verifiers.length === 0)
    return 'no verifier has followed events or acknowledged a key set since the start';
  return table(
    [
      'scope',
      'client',
      'instance',
      { name: 'connected since', extra: true },
      { name: 'holds', extra: true },
      { name: 'published', extra: true },
      'state',
      'last seen',
    ],
    verifiers.map((of) => [
      of.scope,
      of.client,
      of.instance,
      instantCell(of.connected_since),
      String(of.version ?? '-'),
      String(of.published_version),
      stateOf(of),
      { time: of.last_seen },
    ]),
    terminal,
  );
}

function stateOf({ connected_since, lags_for_seconds: lag }: VerifierAnswer): Cell {
  if (connected_since === null) return ['away', 'dim'];
  return lag === null ? ['current', 'green'] : [`lags for ${lag} s`, 'yellow'];
}
