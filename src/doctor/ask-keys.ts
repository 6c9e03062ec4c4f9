import { type Finding, fail, ok, warn } from './finding.ts';
import { type Listening, originOf } from './origin.ts';

const DEADLINE_MS = 10_000;
const OUT_OF_SERVICE = /^keyward_key_(?:unproven|refused)(?:\{[^}]*\})? (\d+)$/gm;

/** Whether the running service keeps keys out of service: its metrics tell, and ask for no credential. */
export async function askKeys(operationsPlane: Listening): Promise<Finding> {
  const origin = originOf(operationsPlane);
  const counts = [...(await metricsAt(origin)).matchAll(OUT_OF_SERVICE)];
  if (counts.length === 0) {
    return warn('service: keys', `${origin} tells nothing of the keys`, 'run keyward key list');
  }
  const out = counts.reduce((sum, [, count]) => sum + Number(count), 0);
  return out === 0
    ? ok('service: keys', 'no key is kept out of service')
    : fail('service: keys', `${out} kept out of service`, 'keyward key list names them, and says why');
}

async function metricsAt(origin: string): Promise<string> {
  try {
    return await (await fetch(`${origin}/metrics`, { signal: AbortSignal.timeout(DEADLINE_MS) })).text();
  } catch {
    return '';
  }
}
