import { type Finding, fail, ok, warn } from './finding.ts';
import { type Listening, originOf } from './origin.ts';

const DEADLINE_MS = 10_000;
const NOT_READY = /^keyward_signer_state\{hsm_token="([^"]*)",state="ready"\} 0$/gm;
const OVERDUE_DRILL = /^keyward_drill_overdue\{drill="([^"]*)"\} 1$/gm;
const OVERDUE_REVIEW = /^keyward_review_overdue 1$/m;
const SINK_AWAY = /^keyward_audit_sink_up\{sink="([^"]*)"\} 0$/gm;
const OUT_OF_SERVICE = /^keyward_key_(?:unproven|refused)(?:\{[^}]*\})? (\d+)$/gm;

/**
 * Whether the running service keeps keys out of service, its signers and sinks are away, or a duty is overdue: its
 * metrics tell, and ask for no credential.
 */
export async function askKeys(operationsPlane: Listening): Promise<readonly Finding[]> {
  const origin = originOf(operationsPlane);
  const metrics = await metricsAt(origin);
  return [
    keys(origin, metrics),
    ...awayTokens(metrics),
    ...awaySinks(metrics),
    ...overdueDrills(metrics),
    ...overdueReview(metrics),
  ];
}

function awayTokens(metrics: string): readonly Finding[] {
  return [...metrics.matchAll(NOT_READY)].map(([, hsmToken]) =>
    fail('service: HSM', `the token ${hsmToken} is away: its keys do not sign`, 'see the service’s log'),
  );
}

function awaySinks(metrics: string): readonly Finding[] {
  return [...metrics.matchAll(SINK_AWAY)].map(([, sink]) =>
    fail(
      'service: audit sink',
      `${sink} did not confirm what it was last told`,
      'see the service’s log: with every sink away nothing can be weakened',
    ),
  );
}

function overdueDrills(metrics: string): readonly Finding[] {
  return [...metrics.matchAll(OVERDUE_DRILL)].map(([, drill]) =>
    warn('service: drill', `nobody has rehearsed a ${drill} for too long`, `keyward drill ${drill}`),
  );
}

function overdueReview(metrics: string): readonly Finding[] {
  if (!OVERDUE_REVIEW.test(metrics)) return [];
  return [warn('service: review', 'nobody has looked at what happened for too long', 'keyward review')];
}

function keys(origin: string, metrics: string): Finding {
  const counts = [...metrics.matchAll(OUT_OF_SERVICE)];
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
