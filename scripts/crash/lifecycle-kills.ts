import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import pkcs11js from 'pkcs11js';
import { openWorkbench, type Workbench } from '../../test/support/hsm-workbench.ts';
import { type RunningService, startService } from '../../test/support/running-service.ts';
import { createShim, type Shim } from '../../test/support/shim.ts';
import { SOFTHSM_MODULE } from '../../test/support/softhsm.ts';
import { query } from '../../test/support/store-database.ts';

/** Every step of an act begins or ends with one of these: a signature of the registry's, a key made, an object gone. */
const POINTS = [
  { call: 'C_GenerateKeyPair', moment: 'before' },
  { call: 'C_GenerateKeyPair', moment: 'after' },
  // As a kill within the call may leave it: the public half alone.
  { call: 'C_GenerateKeyPair', moment: 'after', halves: true },
  { call: 'C_DestroyObject', moment: 'before' },
  { call: 'C_DestroyObject', moment: 'after' },
  { call: 'C_Sign', moment: 'before' },
  { call: 'C_Sign', moment: 'after' },
] as const;
const ATTEMPTS = 600;
const BETWEEN_LOOKS_MS = 50;
/** Chores are looked for each second. */
const MOST_QUIET_LOOKS = 30;
const SCOPE = 'payments';
/** A standby may sign a second after it is published. */
const PROPAGATION_MS = 1_100;
const POLICY = { jwks_max_age_seconds: 1, max_stale_seconds: 0, clock_skew_seconds: 0 };

export interface LivesOptions {
  /** 1: every point; more: each so-manieth. */
  readonly stride: number;
  /** Of each kind of point in each act; all, unless it is given. */
  readonly most?: number;
  readonly report?: (line: string) => void;
}

export interface LivesFigures {
  /** Kills by the act that was under way. */
  readonly kills: Readonly<Record<string, number>>;
  readonly findings: readonly string[];
}

/**
 * Kills front and signer with `kill -9` at one point after another of making, rotating, compromising and destroying
 * keys, and holds database and HSM against each other once the next start has settled.
 */
export async function crashLifecycles(options: LivesOptions): Promise<LivesFigures> {
  const bench = await LivesBench.prepare();
  try {
    const kills: Record<string, number> = {};
    for (const act of ACTS) kills[act.name] = await killThrough(bench, act, options);
    return { kills, findings: bench.findings };
  } finally {
    await bench.remove();
  }
}

interface Point {
  readonly call: string;
  readonly moment: 'before' | 'after';
  readonly nth: number;
  readonly halves?: true;
}

interface Act {
  readonly name: string;
  /** What the HSM does in its course beside signing. */
  readonly calls: readonly ('C_GenerateKeyPair' | 'C_DestroyObject')[];
  /** What must be there before; the answer says what the act is about. */
  prepare(bench: LivesBench): Promise<string>;
  request(bench: LivesBench, about: string): Promise<unknown>;
  /** Why the state that was found is none that the act may leave; undefined where it is one. */
  judge(bench: LivesBench, about: string): string | undefined;
}

const active = (bench: LivesBench) => bench.keyThat('active');
const post = (bench: LivesBench, path: string, body: object) =>
  bench.service.operations('POST', `/v1/admin/${path}`, body);

const ACTS: readonly Act[] = [
  {
    name: 'rotate',
    calls: ['C_GenerateKeyPair'],
    async prepare(bench) {
      // The standby has to be in every cache.
      await pause(PROPAGATION_MS);
      return active(bench);
    },
    request: (bench) => post(bench, `scopes/${SCOPE}/rotate`, {}),
    judge: (bench, kid) => bench.unless(kid, ['active', 'deactivated']),
  },
  {
    name: 'compromise',
    calls: ['C_GenerateKeyPair', 'C_DestroyObject'],
    prepare: async (bench) => active(bench),
    request: (bench, kid) => post(bench, `keys/${kid}/compromise`, { reason: 'a kill' }),
    judge: (bench, kid) => bench.unless(kid, ['active', 'compromised']),
  },
  {
    name: 'destroy',
    calls: ['C_DestroyObject'],
    async prepare(bench) {
      await pause(PROPAGATION_MS);
      const kid = active(bench);
      await post(bench, `scopes/${SCOPE}/rotate`, {});
      await bench.settled();
      return kid;
    },
    request: (bench, kid) => post(bench, `keys/${kid}/destroy`, { reason: 'a kill' }),
    judge: (bench, kid) => bench.unless(kid, ['deactivated']),
  },
  {
    name: 'generate',
    calls: ['C_GenerateKeyPair'],
    prepare: async (bench) => bench.newScope(),
    request: (bench, id) =>
      post(bench, 'scopes', { id, issuer: 'https://login.example', audience: `https://${id}.example` }),
    judge: () => undefined,
  },
];

async function killThrough(bench: LivesBench, act: Act, options: LivesOptions): Promise<number> {
  const { stride, most = Number.POSITIVE_INFINITY, report } = options;
  let kills = 0;
  const calls: readonly string[] = ['C_Sign', ...act.calls];
  for (const point of POINTS.filter(({ call }) => calls.includes(call))) {
    for (let nth = 1; nth < 1 + most * stride; nth += stride) {
      const about = await act.prepare(bench);
      const died = await bench.dieAt({ ...point, nth }, () => act.request(bench, about));
      await bench.settled();
      const flaw = act.judge(bench, about);
      if (flaw) bench.findings.push(`${act.name}, ${point.call} ${point.moment} ${nth}: ${flaw}`);
      if (!died) break;
      kills += 1;
      report?.(`${act.name}: ${kills} kills, ${bench.findings.length} findings`);
    }
  }
  return kills;
}

interface Credentials {
  readonly sign: string;
  readonly verify: string;
}

class LivesBench {
  readonly findings: string[] = [];
  readonly #shim: Shim;
  readonly #workbench: Workbench;
  readonly #credentials: Credentials;
  #scopes = 0;
  service: RunningService;

  private constructor(shim: Shim, service: RunningService, workbench: Workbench, credentials: Credentials) {
    this.#shim = shim;
    this.service = service;
    this.#workbench = workbench;
    this.#credentials = credentials;
  }

  static async prepare(): Promise<LivesBench> {
    const shim = await createShim({ realModule: SOFTHSM_MODULE });
    const service = await startService({ shim, config: { clock: { settle_seconds: 0 } } });
    const credentials = await service.provision({ id: SCOPE, policy: POLICY });
    return new LivesBench(shim, service, await openWorkbench(service.hsm), credentials);
  }

  async remove(): Promise<void> {
    this.#shim.control([]);
    await this.#workbench.stop();
    await this.service.remove();
    this.#shim.remove();
  }

  newScope(): string {
    this.#scopes += 1;
    return `scope-${this.#scopes}`;
  }

  keyThat(state: string): string {
    const [row] = this.#rows(
      `SELECT kid FROM signing_keys WHERE scope_id = '${SCOPE}' AND state = '${state}'`,
    );
    if (!row) throw new Error(`no key is ${state}`);
    return String(row.kid);
  }

  unless(kid: string, states: readonly string[]): string | undefined {
    const [row] = this.#rows(`SELECT state FROM signing_keys WHERE kid = '${kid}'`);
    return states.includes(String(row?.state)) ? undefined : `the key is ${row?.state}`;
  }

  /** Whether the point was reached: then front and signer were killed there, and started again. */
  async dieAt({ call, moment, nth, halves }: Point, act: () => Promise<unknown>): Promise<boolean> {
    const hung = this.#shim.calls('hang');
    this.#shim.control([`${call} hang ${moment} at ${nth}`]);
    // The answer is lost with the front.
    const acting = act().catch(() => undefined);
    let over = false;
    void acting.then(() => {
      over = true;
    });
    for (
      let quiet = 0;
      this.#shim.calls('hang') === hung;
      quiet = over && this.#isSettled() ? quiet + 1 : 0
    ) {
      // What follows from the act is done as well, and a chore may be about to begin.
      if (quiet > MOST_QUIET_LOOKS) {
        this.#shim.control([]);
        return false;
      }
      await pause(BETWEEN_LOOKS_MS);
    }
    const signer = this.service.signerPid();
    const gone = once(this.service.process, 'close');
    this.service.process.kill('SIGKILL');
    process.kill(signer, 'SIGKILL');
    await gone;
    await acting;
    this.#shim.control([]);
    if (halves) {
      for (const { hsm_id } of this.#rows("SELECT hsm_id FROM signing_keys WHERE state = 'reserved'")) {
        await this.#workbench.destroy(String(hsm_id), pkcs11js.CKO_PRIVATE_KEY);
      }
    }
    this.service = await this.service.restart();
    return true;
  }

  /** Until nothing is left to be done; then database and HSM have to agree. */
  async settled(): Promise<void> {
    for (let attempt = 0; !this.#isSettled(); attempt += 1) {
      if (attempt > ATTEMPTS) {
        this.findings.push(`not settled: ${JSON.stringify(this.#unsettled())}`);
        return;
      }
      await pause(BETWEEN_LOOKS_MS);
    }
    await this.#compare();
    await this.#issue();
  }

  #isSettled(): boolean {
    return Object.values(this.#unsettled()).every((rows) => rows.length === 0);
  }

  #unsettled() {
    return {
      reserved: this.#rows("SELECT hsm_id FROM signing_keys WHERE state = 'reserved'"),
      scopes: this.#rows("SELECT id FROM scopes WHERE state = 'reserved'"),
      unsigned: this.#rows('SELECT row_id FROM registry_rows WHERE pending IS NOT NULL'),
      undestroyed: this.#rows(
        `SELECT kid FROM signing_keys WHERE private_half_destroyed_at IS NULL AND (state IN
         ('compromised', 'destroyed') OR state = 'deactivated' AND sign_until < unixepoch())`,
      ),
      unmanned: this.#rows(
        `SELECT id FROM scopes WHERE (SELECT count(*) FROM signing_keys WHERE scope_id = id AND state = 'active') <> 1
         OR (SELECT count(*) FROM signing_keys WHERE scope_id = id AND state = 'pre_activation') <> 1`,
      ),
    };
  }

  /** No object that no row names, no row whose object is not there. */
  async #compare(): Promise<void> {
    const named = this.#rows(
      `SELECT hsm_id FROM signing_keys WHERE private_half_destroyed_at IS NULL
       UNION ALL SELECT hsm_id FROM service_keys ORDER BY 1`,
    ).map(({ hsm_id }) => String(hsm_id));
    for (const objectClass of [pkcs11js.CKO_PRIVATE_KEY, pkcs11js.CKO_PUBLIC_KEY]) {
      const held = await this.#workbench.ids(objectClass);
      const orphans = held.filter((id) => !named.includes(id));
      const missing = named.filter((id) => !held.includes(id));
      if (held.length !== named.length || orphans.length + missing.length > 0) {
        this.findings.push(`orphans ${orphans}, missing ${missing}, ${held.length} of ${named.length}`);
      }
    }
  }

  async #issue(): Promise<void> {
    const { sign, verify } = this.#credentials;
    const issued = await this.service.data('POST', `/v1/scopes/${SCOPE}/tokens`, sign, {
      claims: { sub: 'ada' },
    });
    const { token } = issued.body;
    const ask = () => this.service.data('POST', `/v1/scopes/${SCOPE}/verify`, verify, { token });
    let verified = await ask();
    // Fresh from its start, a service may say when to ask again.
    for (let attempt = 0; verified.status === 503 && attempt < ATTEMPTS; attempt += 1) {
      await pause(BETWEEN_LOOKS_MS);
      verified = await ask();
    }
    if (verified.body.valid !== true)
      this.findings.push(`${issued.status}: ${JSON.stringify(verified.body)}`);
    const refused = this.service.log.filter(({ msg }) => /refused/.test(String(msg)));
    if (refused.length > 0) this.findings.push(JSON.stringify(refused));
  }

  #rows(sql: string) {
    return query(join(this.service.hsm.folder, 'keyward.db'), sql);
  }
}
