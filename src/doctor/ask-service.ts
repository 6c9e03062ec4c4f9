import type { Config } from '../config.ts';
import { askKeys } from './ask-keys.ts';
import { type Finding, fail, ok } from './finding.ts';
import { originOf } from './origin.ts';

const DEADLINE_MS = 10_000;

interface Readiness {
  readonly checks?: readonly { readonly name: string; readonly ok: boolean; readonly detail: string }[];
}

/** What the running service says of itself; undefined where none runs. It needs no further use of the PIN. */
export async function askService(config: Config): Promise<readonly Finding[] | undefined> {
  const { port } = config.data_plane;
  const origin = originOf(config.data_plane);
  const response = await answerOf(`${origin}/readyz`);
  if (response === undefined) return undefined;
  const { checks } = response;
  if (!checks) {
    return [fail('service', `${origin} is not Keyward`, `free port ${port}, or change data_plane.port`)];
  }
  const ready = checks.map(({ name, ok: well, detail }) =>
    well
      ? ok(`service: ${name}`, detail || 'works')
      : fail(
          `service: ${name}`,
          detail,
          'see the service’s log; keyward doctor --hsm opens the token itself',
        ),
  );
  return [...ready, ...(await askKeys(config.operations_plane))];
}

async function answerOf(url: string): Promise<Readiness | undefined> {
  const response = await fetch(url, { signal: AbortSignal.timeout(DEADLINE_MS) }).catch(() => undefined);
  return response && ((await response.json().catch(() => ({}))) as Readiness);
}
