import type { Config } from '../config.ts';
import { type Finding, fail, ok, warn } from '../lib/finding.ts';

interface Listening {
  readonly host: string;
  readonly port: number;
  readonly tls?: object | undefined;
}

/** Where a listener of the configuration is asked: on loopback where it listens on all addresses. */
function originOf({ host, port, tls }: Listening): string {
  return `${tls ? 'https' : 'http'}://${reachable(host)}:${port}`;
}

function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}

const NOT_READY = /^keyward_signer_state\{hsm_token="([^"]*)",state="ready"\} 0$/gm;
const NO_FAILOVER = /^keyward_failover_ready\{scope="([^"]*)"\} 0$/gm;
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
    ...withoutFailover(metrics),
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

const MOST_NAMED = 8;

function withoutFailover(metrics: string): readonly Finding[] {
  const scopes = [...metrics.matchAll(NO_FAILOVER)].map(([, scope = '']) => scope);
  if (scopes.length === 0) return [];
  const others = scopes.length > MOST_NAMED ? ` and ${scopes.length - MOST_NAMED} others` : '';
  const named = `${scopes.slice(0, MOST_NAMED).join(', ')}${others}`;
  return [
    warn(
      'service: failover',
      `no standby on another HSM token could sign now for ${named}`,
      'a new one can once every verifier knows it; keyward key list shows where standbys are',
    ),
  ];
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
