import { setTimeout as pause } from 'node:timers/promises';
import { readEvents } from '../../test/support/event-reader.ts';
import { SCOPE, type Stage } from './stage.ts';

const AGAIN_MS = 200;

/** A verifier that follows the scope's events, connects anew, to any front, when the stream ends, and writes down each key set it is told. */
export async function followEvents(stage: Stage, ended: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  ended.addEventListener('abort', () => resolve(), { once: true });
  while (!ended.aborted) {
    await Promise.race([followOnce(stage, promise).catch(() => {}), promise]);
    await pause(AGAIN_MS);
  }
}

async function followOnce(stage: Stage, ended: Promise<void>): Promise<void> {
  const { fronts, credentials, history } = stage;
  const { name: front, service } = fronts.any();
  const url = `${service.dataUrl}/v1/scopes/${SCOPE}/events?instance=follower`;
  const asked = performance.now();
  const events = await readEvents(url, { authorization: `Bearer ${credentials.verify}` });
  void ended.then(() => events.cancel());
  for (let event = await events.next(); event; event = await events.next()) {
    if (!Array.isArray(event.data.keys)) continue;
    const keys = (event.data.keys as { kid: string; state: string }[]).map(({ kid, state }) => ({
      kid,
      state,
    }));
    const report = { asked, answered: performance.now(), outcome: 'ok' as const };
    history.add({ client: 'follower', front, what: 'keys', ...report, keys });
  }
}
