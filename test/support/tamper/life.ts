import { copyFileSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { makeCredential } from '../../../src/kernel/credential.ts';
import { forgeToken } from '../forge-token.ts';
import { openWorkbench, type Workbench } from '../hsm-workbench.ts';
import { type RunningService, startService } from '../running-service.ts';
import { query } from '../store-database.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { configure, copyGround, type Ground } from './ground.ts';
import { HURRIED, hurry } from './launch.ts';
import { untilTrue } from './until-true.ts';

const DAY = 86_400;
/** So long ago that its records lie in the archive by now. */
const LONG_AGO = -40 * DAY;
const POLICY = {
  record_subject: 'plain',
  root_claim: 'txn',
  max_ttl_seconds: DAY,
  default_ttl_seconds: DAY - 600,
  cryptoperiod_seconds: 300 * DAY,
  jwks_max_age_seconds: 1,
  max_stale_seconds: 0,
  clock_skew_seconds: 0,
};
const SEALED_OFTEN = { checkpoint_seconds: 1, checkpoint_events: 5 };
const SEALED_RARELY = { checkpoint_seconds: 3_600, checkpoint_events: 100_000 };

/** A token, and what `verify` answers about it where nobody tampered. */
export interface KnownToken {
  readonly name: string;
  readonly token: string;
  readonly scope: 'payments' | 'mail';
  readonly credential: string;
  /** Undefined for one that is valid. */
  readonly reason: string | undefined;
}

export interface Moment {
  readonly ground: Ground;
  readonly known: readonly KnownToken[];
}

/** One life of a service, at the moments at which somebody may come to its database. */
export interface Life {
  readonly stopped: Moment;
  /** After `kill -9`, with things done that no checkpoint covers. */
  readonly killed: Moment;
  /** The database before the last changes to most of its rows. */
  readonly older: string;
  /** The credential of the identity service of `payments`. */
  readonly sign: string;
  remove(): void;
}

export async function liveOnce(): Promise<Life> {
  const duty = temporaryFolder();
  const life = new Living(await startLongAgo(join(duty.path, 'duty.jsonl')), duty.remove);
  try {
    return await life.live();
  } finally {
    await life.end();
  }
}

/** The file that messages go to is the same for every copy: with another one, settings would be others. */
function startLongAgo(duty: string): Promise<RunningService> {
  return startService({
    twoPersons: true,
    launch: HURRIED,
    shiftableClock: true,
    clockShiftSeconds: LONG_AGO,
    config: {
      audit: SEALED_OFTEN,
      clock: { max_downtime_seconds: 366 * DAY, settle_seconds: 0 },
      notifications: {
        targets: { duty: { type: 'file', file: duty } },
        routes: [{ name: 'duty', min_severity: 'info', targets: ['duty'], acknowledge_within_seconds: DAY }],
      },
    },
    hsm: {},
  });
}

class Living {
  #service: RunningService;
  #thief: Workbench | undefined;
  readonly #credentials = new Map<string, { sign: string; verify: string }>();
  readonly #removals: (() => void)[];

  constructor(service: RunningService, remove: () => void) {
    this.#service = service;
    this.#removals = [remove];
  }

  async live(): Promise<Life> {
    await this.#longAgo();
    await this.#restoreOnce();
    this.#service.shiftClock(0);
    await this.#restart();
    await this.#lately();
    const older = await this.#older();
    const known = await this.#now();
    await this.#inAWhile(async () => this.#isTold('key.compromised'));
    await this.#service.stop();
    const stopped = copyGround(this.#service);
    configure(this.#service, 'audit', SEALED_RARELY);
    await this.#restart();
    const unsealed = await this.#unsealed();
    await this.#inAWhile(async () => this.#sinkHasAll());
    await this.#inAWhile(async () => this.#isTold('proposal.waiting'));
    await this.#service.kill();
    const killed = copyGround(this.#service);
    return {
      stopped: { ground: stopped, known },
      killed: { ground: killed, known: [...known, ...unsealed] },
      older,
      sign: this.#of('payments').sign,
      remove: () => {
        for (const remove of [stopped.remove, killed.remove, ...this.#removals]) remove();
      },
    };
  }

  async end(): Promise<void> {
    await this.#thief?.stop();
    await this.#service.remove();
  }

  async #longAgo(): Promise<void> {
    for (const id of ['payments', 'mail'])
      this.#credentials.set(id, await this.#service.provision({ id, policy: POLICY }));
    await this.#issue('payments', 'user-1');
    await this.#issue('mail', 'user-2');
    await this.#issue('payments', 'user-gone');
    await this.#service.act('POST', '/v1/admin/ledger/erase', { subject: 'user-gone' });
    await this.#revoke({ scope: 'payments', jti: 'A'.repeat(22) });
  }

  /** What two persons accepted as lost is a row that decides too. */
  async #restoreOnce(): Promise<void> {
    await this.#service.stop();
    const [database, copy] = [this.#file('keyward.db'), this.#file('copy.db')];
    copyFileSync(database, copy);
    await this.#restart();
    await this.#service.act('POST', '/v1/admin/clients/payments-verify/revoke');
    await this.#service.stop();
    copyFileSync(copy, database);
    rmSync(copy);
    await this.#restart();
    await this.#service.act('POST', '/v1/admin/database/accept-restore', { reason: 'test' });
    await this.#service.logged(({ msg, held }) => msg === 'operations plane listens' && held === undefined);
    await this.#service.stop();
  }

  async #lately(): Promise<void> {
    this.#thief = await openWorkbench(this.#service.hsm);
    const credential = this.#newCredential('payments-verify-2');
    await this.#service.act('POST', '/v1/admin/clients', { ...credential.client, description: 'test' });
    await this.#service.act('POST', '/v1/admin/grants', grant('payments-verify-2', 'payments'));
    this.#credentials.set('payments', { sign: this.#of('payments').sign, verify: credential.text });
    await this.#inAWhile(async () => this.#rows('SELECT number FROM ledger_archives').length > 0);
    for (const planted of ['one', 'two']) await this.#plant(planted);
    for (const scope of ['payments', 'mail']) await this.#probe(scope, 'https://127.0.0.1:1/');
    await this.#forgeryRaised();
    await this.#forgeryRaised();
    const [restored] = await this.#events('database.restored');
    await this.#acknowledge(restored, 'accepted');
    const [first] = await this.#events();
    await this.#acknowledge(first, 'on it');
    await this.#service.operations('POST', `/v1/admin/events/${first}/resolve`, { note: 'a test' });
    const erased = await this.#report('my key fell out of my pocket');
    await this.#report('my token is on a web page');
    await this.#step(erased, 'close', { outcome: 'harmless', note: 'a test' });
    await this.#step(erased, 'erase');
    await this.#service.operations('POST', '/v1/admin/grants', { ...grant('mail-sign', 'payments') });
    await this.#issue('payments', 'user-3');
    await this.#service.data('GET', '/readyz');
  }

  async #older(): Promise<string> {
    await this.#service.stop();
    const copy = copyGround(this.#service);
    this.#removals.push(copy.remove);
    await this.#restart();
    return copy.database;
  }

  /** Changes rows of which the older copy has other versions. */
  async #now(): Promise<KnownToken[]> {
    const service = this.#service;
    const [valid, revoked, ofMail] = [
      await this.#issue('payments', 'user-4'),
      await this.#issue('payments', 'user-5'),
      await this.#issue('mail', 'user-6'),
    ];
    await this.#revoke({ scope: 'payments', jti: jtiOf(revoked) });
    await this.#revoke({ scope: 'payments', root: 'sign-in-gone' });
    await this.#probe('mail', 'https://127.0.0.1:2/');
    const [canary] = (await service.operations('GET', '/v1/admin/canaries')).body.canaries;
    await service.act('POST', `/v1/admin/canaries/${canary.id}/retire`);
    await service.act('POST', '/v1/admin/operators/bob/roles', {
      roles: ['operator', 'approver', 'auditor'],
    });
    const rotate = () => service.operations('POST', '/v1/admin/scopes/payments/rotate', { reason: 'test' });
    await untilTrue(async () => (await rotate()).status < 400);
    const kid = kidOf(ofMail);
    succeeded(await service.operations('POST', `/v1/admin/keys/${kid}/compromise`, { reason: 'test' }));
    await this.#forgeryRaised();
    const [event] = await this.#events();
    await this.#acknowledge(event, 'seen');
    const report = await this.#report('somebody else was signed in');
    await this.#step(report, 'take');
    await service.operations('POST', '/v1/admin/grants', grant('mail-sign', 'payments', 'verify'));
    return [
      this.#known('sealed', 'payments', valid),
      this.#known('revoked', 'payments', revoked, 'revoked'),
      this.#known('of a compromised key', 'mail', ofMail, 'key_compromised'),
    ];
  }

  /** What no checkpoint covers. */
  async #unsealed(): Promise<KnownToken[]> {
    const service = this.#service;
    const revoked = await this.#issue('payments', 'user-7');
    await this.#revoke({ scope: 'payments', jti: jtiOf(revoked) });
    const valid = await this.#issue('payments', 'user-8');
    await this.#forgeryRaised();
    const [event] = await this.#events();
    await this.#acknowledge(event, 'seen');
    const report = await this.#report('it happened again');
    await this.#step(report, 'take');
    await service.operations('POST', '/v1/admin/grants', grant('mail-sign', 'mail', 'verify'));
    return [
      this.#known('revoked, unsealed', 'payments', revoked, 'revoked'),
      this.#known('unsealed', 'payments', valid),
    ];
  }

  async #forge(): Promise<string> {
    if (!this.#thief) throw new Error('nobody has the PIN');
    const exp = Math.floor(Date.now() / 1000) + DAY / 2;
    return forgeToken(this.#service, this.#thief, 'payments', { exp });
  }

  /** Shows a forged token until the event is raised: on a busy machine its record may be looked up too late. */
  async #forgeryRaised(): Promise<void> {
    const before = (await this.#events()).length;
    const { verify } = this.#of('payments');
    const token = await this.#forge();
    await untilTrue(async () => {
      await this.#service.data('POST', '/v1/scopes/payments/verify', verify, { token });
      return (await this.#events()).length > before;
    });
  }

  async #events(type = 'token.never_issued'): Promise<number[]> {
    const { body } = await this.#service.operations('GET', `/v1/admin/events?type=${type}`);
    return body.events.map(({ sequence }: { sequence: number }) => sequence);
  }

  async #acknowledge(event: number | undefined, note: string): Promise<void> {
    succeeded(await this.#service.operations('POST', `/v1/admin/events/${event}/acknowledge`, { note }));
  }

  async #report(text: string): Promise<string> {
    const { body } = await this.#service.data('POST', '/v1/scopes/payments/reports', undefined, { text });
    const read = async () => (await this.#service.operations('GET', `/v1/admin/reports/${body.report}`)).body;
    await this.#inAWhile(async () => (await read()).report.about !== null);
    return body.report;
  }

  async #step(report: string, step: string, body?: object): Promise<void> {
    succeeded(await this.#service.operations('POST', `/v1/admin/reports/${report}/${step}`, body));
  }

  async #issue(scope: string, sub: string): Promise<string> {
    const claims = { sub, txn: `sign-in-${sub}` };
    const path = `/v1/scopes/${scope}/tokens`;
    const answer = await this.#service.data('POST', path, this.#of(scope).sign, { claims });
    return succeeded(answer).body.token;
  }

  async #revoke(rule: object): Promise<void> {
    const body = { ...rule, reason: 'test' };
    succeeded(await this.#service.operations('POST', '/v1/admin/revocations', body));
  }

  #probe(scope: string, url: string): Promise<unknown> {
    const client = scope === 'payments' ? 'payments-verify-2' : 'mail-verify';
    return this.#service.act('POST', `/v1/admin/clients/${client}/probe`, { scope, url });
  }

  async #plant(planted: string): Promise<void> {
    const credential_digest = makeCredential('svc').digest.toString('base64url');
    await this.#service.act('POST', '/v1/admin/canaries', { kind: 'credential', planted, credential_digest });
  }

  #newCredential(id: string) {
    const { text, digest } = makeCredential('svc');
    return { text, client: { id, credential_digest: digest.toString('base64url') } };
  }

  #known(name: string, scope: KnownToken['scope'], token: string, reason?: string): KnownToken {
    return { name, token, scope, credential: this.#of(scope).verify, reason };
  }

  #of(scope: string): { sign: string; verify: string } {
    const found = this.#credentials.get(scope);
    if (!found) throw new Error(`nobody provisioned ${scope}`);
    return found;
  }

  #sinkHasAll(): boolean {
    const [last] = this.#rows('SELECT max(sequence) AS sequence FROM audit_events');
    const lines = readFileSync(this.#file('audit.jsonl'), 'utf8').trimEnd().split('\n');
    return lines.some((line) => JSON.parse(line).event?.sequence === last?.sequence);
  }

  /** The last event and all before it. What is behind the place is told again: a message of it that is gone is no loss. */
  #isTold(last: string): boolean {
    const events = this.#rows('SELECT type, audit_sequence FROM security_events ORDER BY audit_sequence');
    const [at] = this.#rows('SELECT max(place) AS place FROM notification_place');
    const isThere = events.some(({ type }) => type === last);
    return isThere && Number(at?.place) >= Number(events.at(-1)?.audit_sequence);
  }

  #rows(sql: string): Record<string, unknown>[] {
    return query(this.#file('keyward.db'), sql);
  }

  /** What the service does from time to time. */
  #inAWhile(look: () => Promise<boolean>): Promise<void> {
    return untilTrue(() => {
      hurry(this.#service);
      return look();
    });
  }

  #file(name: string): string {
    return join(this.#service.hsm.folder, name);
  }

  async #restart(): Promise<void> {
    this.#service = await this.#service.restart(HURRIED);
  }
}

function grant(client: string, scope: string, action = 'verify') {
  return { client, scope, action };
}

function succeeded<A extends { readonly status: number; readonly body: unknown }>(answer: A): A {
  if (answer.status >= 400) throw new Error(`${answer.status}: ${JSON.stringify(answer.body)}`);
  return answer;
}

function jtiOf(token: string): string {
  return partOf(token, 1).jti ?? '';
}

function kidOf(token: string): string {
  return partOf(token, 0).kid ?? '';
}

function partOf(token: string, at: number): Record<string, string> {
  return JSON.parse(Buffer.from(token.split('.')[at] ?? '', 'base64url').toString());
}
