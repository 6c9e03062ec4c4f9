import { expect } from 'vitest';
import { KeywardError } from '../../../src/kernel/errors.ts';
import type { SigningKey } from '../../../src/kernel/key.ts';
import { compareText } from '../../../src/lib/text.ts';
import { composeSigningInput, digestOf } from '../../../src/token/signing-input.ts';
import { query } from '../../support/store-database.ts';
import { ACTOR, type ComposedService, definitionOf, SECOND_TOKEN } from '../composed-service.ts';
import { administer, type PlantedPart } from './administered-service.ts';
import { adopt, emptyModel, type HistoryModel, isAccepted, isStranded, keysOf } from './model.ts';

let histories = 0;

export const CLIENTS = ['web', 'app'] as const;

/** One history on the service, with scopes and clients of its own, and what must be so after each of its steps. */
export class History {
  readonly service: ComposedService;
  readonly prefix: string;
  readonly parts: ReturnType<typeof administer>;

  constructor(service: ComposedService, planted: PlantedPart) {
    histories += 1;
    this.service = service;
    this.prefix = `h${histories}-`;
    this.parts = administer(service, this.prefix, planted);
  }

  /** With two scopes that exist already; the standby of the second is on another HSM token. */
  async begin(): Promise<HistoryModel> {
    this.service.setAway(false);
    const model = emptyModel(this.service.clock.nowSeconds());
    for (const client of CLIENTS) await this.service.addClient(this.clientId(client), []);
    for (const [name, standbyToken] of [
      ['a', null],
      ['b', SECOND_TOKEN],
    ] as const) {
      await this.parts.provisioner.create({ ...definitionOf(this.scopeId(name)), standbyToken }, ACTOR);
      await this.open(model, this.scopeId(name));
    }
    return model;
  }

  scopeId(name: string): string {
    return `${this.prefix}${name}`;
  }

  clientId(name: string): string {
    return `${this.prefix}${name}`;
  }

  /** A scope that was created, for both clients. */
  async open(model: HistoryModel, scopeId: string): Promise<void> {
    model.scopes.add(scopeId);
    for (const name of CLIENTS) {
      await this.service.clients.grant(this.clientId(name), scopeId, 'sign', ACTOR);
    }
    expect(adopt(model, scopeId, this.keys(scopeId))).toEqual([]);
  }

  /** In the order of their making, as far as no random kid decides it. */
  keys(scopeId: string): readonly SigningKey[] {
    const keys = this.service.keyRing.scopeKeys(scopeId)?.keys ?? [];
    return keys.toSorted((a, b) => a.createdAt - b.createdAt || compareText(a.state, b.state));
  }

  /** What somebody with a copy of the private half dates now. */
  forge(scopeId: string, { kid, hsmToken }: Pick<SigningKey, 'kid' | 'hsmToken'>): string {
    const { issuer: iss, audience: aud } = definitionOf(scopeId);
    const now = this.service.clock.nowSeconds();
    const claims = { iss, aud, sub: 'thief', jti: 'copied', client_id: 'x', iat: now, exp: now + 300 };
    const signingInput = composeSigningInput({ alg: 'ES256', typ: 'at+jwt', kid }, JSON.stringify(claims));
    return `${signingInput}.${this.service.copyOf(hsmToken, kid).sign(signingInput).toString('base64url')}`;
  }

  /** All that is due is done. */
  async reconcile(model: HistoryModel): Promise<void> {
    await this.parts.reconcile();
    for (const scopeId of model.scopes) {
      expect(adopt(model, scopeId, this.keys(scopeId))).toEqual([]);
      const states = keysOf(model, scopeId).map(({ state }) => state);
      expect(states, 'a scope has a key that signs').toContain('active');
      if (model.awaySince === null) expect(states, 'and a standby').toContain('pre_activation');
      expect(isStranded(model, scopeId), 'a standby that could sign waits').toBe(false);
    }
  }

  async check(model: HistoryModel): Promise<void> {
    this.#checkKeys(model);
    this.#checkExecutions();
    this.#checkRecords(model);
    for (const token of model.tokens.slice(-3)) await this.checkToken(model, token);
  }

  /** A token is taken as the model has it, and nowhere else (I1). */
  async checkToken(model: HistoryModel, token: HistoryModel['tokens'][number]): Promise<void> {
    const takenIn: string[] = [];
    for (const scopeId of model.scopes) {
      const verdict = await this.parts.verifier.verify(scopeId, token.text);
      if (verdict.valid) takenIn.push(scopeId);
    }
    const { state } = model.keys.get(token.kid) ?? {};
    const what = `a token of a key that is ${state}${token.revoked ? ', revoked' : ''}: where it is accepted`;
    expect(takenIn, what).toEqual(isAccepted(model, token) ? [token.scopeId] : []);
  }

  #checkKeys(model: HistoryModel): void {
    const statesOf = (keys: readonly { readonly kid: string; readonly state: string }[]) =>
      Object.fromEntries(keys.map(({ kid, state }) => [kid, state]));
    for (const scopeId of model.scopes) {
      const keys = this.keys(scopeId);
      expect(statesOf(keys), 'the states of the keys').toEqual(statesOf(keysOf(model, scopeId)));
      const active = keys.filter(({ state }) => state === 'active');
      expect(active.length, 'active keys of a scope').toBeLessThanOrEqual(1);
    }
  }

  /** What takes two is run for two, and once. */
  #checkExecutions(): void {
    const forTwo = this.parts.executions.filter(({ act }) => TAKES_TWO.includes(act));
    for (const { actor } of forTwo) {
      expect(actor.approval?.approvedBy, 'who approved').toBeDefined();
      expect(actor.approval?.approvedBy, 'who approved').not.toBe(actor.operatorId);
    }
    const proposals = forTwo.map(({ actor }) => actor.approval?.proposalId);
    expect(new Set(proposals).size, 'proposals that were run').toBe(proposals.length);
  }

  /** As another connection finds them. */
  #checkRecords({ tokens, unsigned }: HistoryModel): void {
    const rows = query(
      this.service.file,
      `SELECT lower(hex(digest)) AS digest, count(*) AS records FROM issuance_records WHERE scope_id LIKE '${this.prefix}%' GROUP BY digest ORDER BY digest`,
    );
    const released = tokens.map(({ text }) => digestOf(text.slice(0, text.lastIndexOf('.'))).toString('hex'));
    const isReleased = ({ digest }: Record<string, unknown>) => released.includes(String(digest));
    expect(rows.filter(isReleased), 'records').toEqual(
      released.toSorted().map((digest) => ({ digest, records: 1 })),
    );
    expect(rows.length, 'records of what was not released').toBeLessThanOrEqual(released.length + unsigned);
  }
}

const TAKES_TWO: readonly string[] = ['scope.create', 'key.resume', 'key.destroy'];

/** The code that it was refused with; undefined where it was not. Whatever else is thrown is a finding. */
export async function refusalOf(work: Promise<unknown>): Promise<string | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    if (error instanceof KeywardError && error.code !== 'internal') return error.code;
    throw error;
  }
}
