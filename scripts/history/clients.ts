import { setTimeout as pause } from 'node:timers/promises';
import { forgeToken } from '../../test/support/forge-token.ts';
import { type Answer, ask, PATIENCE_MS, type Plane } from './ask.ts';
import { followEvents } from './follower.ts';
import type { Front } from './fronts.ts';
import { type Held, heldFrom } from './held.ts';
import type { Operation, TokenFacts } from './record.ts';
import { SCOPE, type Stage } from './stage.ts';

const ISSUERS = 4;
const VERIFIERS = 2;
const PAUSES_MS = { issue: 25, verify: 40, revoke: 700, forge: 900, look: 500, refused: 100 };
/** What was issued last is in doubt sooner than what is old. */
const RECENT = 60;
/** Shown to each front after each fault. */
const MOST_REVOKED = 20;
/** Who has another front to ask does not wait long for one. */
const PATIENCE_OF_SEVERAL_MS = 3_000;

type Report = { front: string; asked: number; answered: number; outcome: Answer['outcome']; code?: string };

/** Whoever uses the service: each asks any front for one thing after another, and writes down what it was told. */
export class Clients {
  readonly #stage: Stage;
  readonly #held: Held[] = [];
  readonly #forged: Held[] = [];
  readonly #spent: Held[] = [];
  /** Of these, those whose revocation was acknowledged. */
  readonly #revoked: Held[] = [];
  /** Not shown yet to another front than the one that issued it. */
  readonly #unshown = new Set<Held>();
  readonly #ended = new AbortController();
  readonly #loops: Promise<void>[];

  constructor(stage: Stage) {
    this.#stage = stage;
    this.#loops = [
      ...numbered(ISSUERS, 'issuer').map((name) => this.#repeat(PAUSES_MS.issue, () => this.#issue(name))),
      ...numbered(VERIFIERS, 'verifier').map((name) =>
        this.#repeat(PAUSES_MS.verify, () => this.#verify(name, this.#choose())),
      ),
      this.#repeat(PAUSES_MS.revoke, () => this.#revoke()),
      this.#repeat(PAUSES_MS.forge, () => this.#forge()),
      this.#repeat(PAUSES_MS.look, () => this.#look()),
      followEvents(stage, this.#ended.signal),
    ];
  }

  get acknowledged(): number {
    return this.#held.length;
  }

  /** Whether of each front a token was asked for after that moment and came; `false` where one released none in time. */
  async releasedAfter(moment: number, patienceMs: number): Promise<boolean> {
    const { history, fronts } = this.#stage;
    const deadline = performance.now() + patienceMs;
    const hasReleased = ({ name }: Front) =>
      history.operations.findLast(
        (each) =>
          each.what === 'issue' && each.outcome === 'ok' && each.front === name && each.asked >= moment,
      );
    while (performance.now() < deadline) {
      if (fronts.all.every(hasReleased)) return true;
      await pause(50);
    }
    return false;
  }

  /** Of the key that is active, if there is a standby for it; whether that was acknowledged. */
  async compromise(): Promise<boolean> {
    const path = '/v1/admin/keys';
    const front = this.#stage.fronts.any();
    const { body, outcome } = await this.#ask(front, 'operations', 'GET', `${path}?scope=${SCOPE}`);
    if (outcome !== 'ok') return false;
    const keys: { kid: string; state: string }[] = body.keys;
    const kid = keys.find(({ state }) => state === 'active')?.kid;
    const hasStandby = keys.some(({ state }) => state === 'pre_activation');
    if (kid === undefined || !hasStandby) return false;
    const answer = await this.#report(
      front,
      () => this.#ask(front, 'operations', 'POST', `${path}/${kid}/compromise`, { reason: 'history' }),
      (report, { body }) => {
        const told = report.outcome === 'ok' ? { replicated: body.replicated === true } : {};
        return { client: 'operator', what: 'compromise', kid, ...report, ...told };
      },
    );
    return answer.outcome === 'ok';
  }

  /**
   * Shows every forgery, as many genuine tokens, the newest first, each that no other front than its own was shown, and to each
   * front what was revoked last, until each got a verdict or `patienceMs` are over.
   */
  async showAgain(most: number, patienceMs: number): Promise<void> {
    const deadline = performance.now() + patienceMs;
    const tokens = new Set([...this.#unshown, ...this.#forged, ...this.#held.slice(-most)]);
    const revoked = this.#revoked.slice(-MOST_REVOKED);
    const waiting: { readonly held: Held; readonly front?: Front }[] = [
      ...[...tokens].map((held) => ({ held })),
      ...this.#stage.fronts.all.flatMap((front) => revoked.map((held) => ({ held, front }))),
    ];
    const show = async () => {
      for (let next = waiting.pop(); next && performance.now() < deadline; next = waiting.pop()) {
        const { held, front } = next;
        if ((await this.#verify('sweeper', held, front)).outcome === 'ok') continue;
        waiting.unshift(next);
        await pause(PAUSES_MS.refused);
      }
    };
    await Promise.all([show(), show(), show()]);
  }

  async stop(): Promise<void> {
    this.#ended.abort();
    await Promise.all(this.#loops);
  }

  async #repeat(pauseMs: number, act: () => Promise<Answer | undefined>): Promise<void> {
    while (!this.#ended.signal.aborted) {
      const answer = await act();
      await pause(answer?.outcome === 'ok' ? pauseMs : Math.max(pauseMs, PAUSES_MS.refused));
    }
  }

  #issue(client: string): Promise<Answer> {
    const { sign } = this.#stage.credentials;
    const front = this.#stage.fronts.any();
    return this.#report(
      front,
      () =>
        this.#ask(front, 'data', 'POST', `/v1/scopes/${SCOPE}/tokens`, { claims: { sub: 'alice' } }, sign),
      (report, { body }) => {
        if (report.outcome !== 'ok') return { client, what: 'issue', ...report };
        const facts = { ...heldFrom(body.token), front: front.name };
        this.#held.push(facts);
        if (this.#stage.fronts.all.length > 1) this.#unshown.add(facts);
        return { client, what: 'issue', ...report, token: factsOf(facts) };
      },
    );
  }

  async #verify(
    client: string,
    held: Held | undefined,
    front = this.#stage.fronts.any(held && this.#unshown.has(held) ? held.front : undefined),
  ): Promise<Answer> {
    if (!held) return { outcome: 'refused', body: undefined };
    const { verify } = this.#stage.credentials;
    return await this.#report(
      front,
      () => this.#ask(front, 'data', 'POST', `/v1/scopes/${SCOPE}/verify`, { token: held.token }, verify),
      (report, { body }) => {
        const told = report.outcome === 'ok' ? { valid: body.valid, reason: body.reason } : {};
        if (report.outcome === 'ok') this.#unshown.delete(held);
        return { client, what: 'verify', ...report, token: factsOf(held), forged: held.forged, ...told };
      },
    );
  }

  async #revoke(): Promise<Answer | undefined> {
    const held = this.#held.at(-1 - this.#below(RECENT));
    if (!held) return undefined;
    this.#spent.push(held);
    const body = { scope: SCOPE, jti: held.jti, reason: 'history' };
    const front = this.#stage.fronts.any();
    const answer = await this.#report(
      front,
      () => this.#ask(front, 'operations', 'POST', '/v1/admin/revocations', body),
      (report) => ({ client: 'revoker', what: 'revoke', jti: held.jti, ...report }),
    );
    if (answer.outcome === 'ok') this.#revoked.push(held);
    return answer;
  }

  async #forge(): Promise<Answer | undefined> {
    try {
      const token = await forgeToken(this.#stage.fronts.any().service, this.#stage.thief, SCOPE);
      this.#forged.push({ ...heldFrom(token), forged: true });
    } catch {
      // Nobody tells which key is active, or it is gone by now.
      return undefined;
    }
    return await this.#verify('thief', this.#forged.at(-1));
  }

  #look(): Promise<Answer> {
    const front = this.#stage.fronts.any();
    return this.#report(
      front,
      () => this.#ask(front, 'operations', 'GET', `/v1/admin/keys?scope=${SCOPE}`),
      (report, { body }) => {
        const listed: { kid: string; state: string }[] = report.outcome === 'ok' ? body.keys : [];
        const keys = listed.map(({ kid, state }) => ({ kid, state }));
        return { client: 'operator', what: 'keys', ...report, keys };
      },
    );
  }

  /** Mostly what is new, or what another front may not know yet; then anything, what was revoked, what was forged. */
  #choose(): Held | undefined {
    const kind = this.#stage.random();
    if (kind < 0.3 && this.#unshown.size > 0) return [...this.#unshown].at(-1);
    if (kind < 0.55) return this.#held.at(-1 - this.#below(RECENT));
    if (kind < 0.75) return this.#held[this.#below(this.#held.length)];
    const some = kind < 0.9 ? this.#spent : this.#forged;
    return some[this.#below(some.length)];
  }

  #below(limit: number): number {
    return Math.floor(this.#stage.random() * limit);
  }

  async #report(
    { name: front }: Front,
    ask: () => Promise<Answer>,
    operation: (report: Report, answer: Answer) => Operation,
  ): Promise<Answer> {
    const asked = performance.now();
    const answer = await ask();
    const { outcome, code } = answer;
    const told = { front, asked, answered: performance.now(), outcome };
    const report = { ...told, ...(code === undefined ? {} : { code }) };
    this.#stage.history.add(operation(report, answer));
    return answer;
  }

  #ask(
    { service }: Front,
    plane: Plane,
    method: string,
    path: string,
    body?: object,
    credential?: string,
  ): Promise<Answer> {
    const patienceMs = this.#stage.fronts.all.length > 1 ? PATIENCE_OF_SEVERAL_MS : PATIENCE_MS;
    return ask(service, { plane, method, path, body, credential, patienceMs });
  }
}

function numbered(count: number, name: string): string[] {
  return Array.from({ length: count }, (_, index) => `${name} ${index + 1}`);
}

function factsOf({ digest, jti, kid, exp }: TokenFacts): TokenFacts {
  return { digest, jti, kid, exp };
}
