import type { ProbeAnswer } from '../cli/answers.ts';
import type { Context } from '../cli/context.ts';
import { describeProbe, describeProbes } from '../cli/describe-probe.ts';
import { EXIT } from '../cli/failure.ts';
import { connect } from '../cli/operations-client.ts';
import { show } from '../cli/show.ts';

interface Place {
  readonly client: string;
  readonly scope: string;
}

const pathOf = ({ client }: Place) => `/clients/${encodeURIComponent(client)}/probe`;

export async function probeSet(context: Context, { url, ...place }: Place & { readonly url: string }) {
  const call = await connect(context);
  const answer = await call<{ probe: ProbeAnswer }>('POST', pathOf(place), { scope: place.scope, url });
  show(context, answer, () => describeProbe(answer.probe, context));
}

export async function probeRemove(context: Context, place: Place): Promise<void> {
  const call = await connect(context);
  const answer = await call<Place>('DELETE', pathOf(place), { scope: place.scope });
  show(context, answer, () => `${answer.client} is not probed for ${answer.scope} any more`);
}

export async function probeList(context: Context): Promise<void> {
  const call = await connect(context);
  const answer = await call<{ probes: readonly ProbeAnswer[] }>('GET', '/probes');
  show(context, answer, () => describeProbes(answer.probes, context));
}

/** Scripts see by the exit code whether the verifier does what it must. */
export async function probeRun(context: Context, place: Place): Promise<void> {
  const call = await connect(context);
  const answer = await call<{ probe: ProbeAnswer }>('POST', `${pathOf(place)}/run`, { scope: place.scope });
  if (answer.probe.answers.some(({ verdict }) => verdict !== 'right')) context.terminal.endWith(EXIT.failed);
  show(context, answer, () => describeProbe(answer.probe, context));
}
