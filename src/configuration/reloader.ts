import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Logger } from 'pino';
import { type Config, readConfig } from '../config.ts';
import { type Actor, KEYWARD } from '../kernel/actor.ts';
import { type AuditTrail, actOf } from '../kernel/audit.ts';
import { type Clock, dayOf } from '../kernel/clock.ts';
import { KeywardError } from '../kernel/errors.ts';
import { type EventRaiser, securityEvent } from '../kernel/security-events.ts';
import { Mutex } from '../lib/mutex.ts';
import { errorMessage } from '../lib/text.ts';
import { messageOf } from '../yaml-file/problem.ts';
import { type PemFiles, pemFileNames, readPemFiles } from './pem-files.ts';
import { planReload } from './plan-reload.ts';

/** What a reload did. */
export interface Reloaded {
  /** Paths of members, and `certificates`. */
  readonly changed: readonly string[];
  /** What takes a restart, in words. */
  readonly refused: readonly string[];
}

/** What a reload changes; nothing of it fails but `notifications`, which then is as it was. */
export interface Reloadable {
  notifications(settings: Config['notifications']): Promise<void>;
  limits(limits: Config['limits']): void;
  logLevel(level: Config['log']['level']): void;
  identities(identities: PemFiles['identities']): void;
}

interface ReloaderDeps {
  /** As it was at the start. */
  readonly config: Config;
  readonly apply: Reloadable;
  readonly audit: AuditTrail;
  readonly events: EventRaiser;
  readonly clock: Clock;
  readonly log: Logger;
}

/** All PEM files together, in answers and the audit trail. */
const CERTIFICATES = 'certificates';
const TAKES_RESTART = 'takes a restart; the service goes on with what it had';

/** Takes over a changed configuration and changed PEM files, one at a time, all of each or nothing. */
export class Reloader {
  readonly #deps: ReloaderDeps;
  readonly #turns = new Mutex();
  #config: Config;
  /** Of the PEM files that are in use. */
  #digest: string;
  /** Of PEM files that a look found changed and not good: half written perhaps. */
  #doubted: string | undefined;
  #hangups = 0;

  constructor(deps: ReloaderDeps) {
    this.#deps = deps;
    this.#config = deps.config;
    this.#digest = pemDigest(deps.config);
  }

  /** For an operator: `reload_refused` says what is wrong. */
  reload(actor: Actor): Promise<Reloaded> {
    return this.#turns.runExclusive(() => this.#reload(actor));
  }

  /** SIGHUP. Those that come while one waits for its turn are that one. Never fails. */
  async hangup(): Promise<void> {
    this.#hangups += 1;
    if (this.#hangups > 1) return;
    await this.#turns
      .runExclusive(() => {
        this.#hangups = 0;
        return this.#reload(KEYWARD);
      })
      .catch((err) => this.#deps.log.error({ err }, 'SIGHUP: not reloaded'));
  }

  /** Looks whether a PEM file has changed by itself, and takes over what is good. */
  watch(): Promise<void> {
    return this.#turns.runExclusive(async () => {
      const digest = pemDigest(this.#config);
      if (digest === this.#digest) return;
      const { identities, flaws } = this.#readPemFiles(this.#config, true);
      // Certificate and key are not written in one moment: only what is still so at the next look is told.
      if (flaws.length > 0 && this.#doubted !== digest) {
        this.#doubted = digest;
        return;
      }
      await this.#audit(KEYWARD, { changed: [CERTIFICATES], refused: flaws });
      this.#deps.apply.identities(identities);
      this.#digest = digest;
      if (flaws.length > 0) return this.#refused(flaws);
      this.#deps.log.info('changed certificates are in use');
      this.#reloaded(KEYWARD, [CERTIFICATES]);
    });
  }

  async #reload(actor: Actor): Promise<Reloaded> {
    const { log, apply } = this.#deps;
    const next = this.#readConfig();
    const plan = planReload(this.#config, next);
    const digest = pemDigest(plan.config);
    const isRenewed = digest !== this.#digest;
    // What is in use and has expired meanwhile must not stand in the way of another change.
    const { identities, flaws } = this.#readPemFiles(plan.config, isRenewed);
    if (flaws.length > 0) {
      this.#refused(flaws);
      throw new KeywardError('reload_refused', `nothing was changed: ${flaws.join('; ')}`);
    }
    const changed = [...plan.changed, ...(isRenewed ? [CERTIFICATES] : [])];
    const refused = plan.refused.map((path) => `${path} ${TAKES_RESTART}`);
    if (changed.length > 0 || actor !== KEYWARD) await this.#audit(actor, { changed, refused: plan.refused });
    if (plan.changed.some((path) => path.startsWith('notifications'))) {
      await apply.notifications(plan.config.notifications);
    }
    apply.limits(plan.config.limits);
    apply.logLevel(plan.config.log.level);
    apply.identities(identities);
    this.#config = plan.config;
    this.#digest = digest;
    log.info({ changed }, 'configuration reloaded');
    if (changed.length > 0) this.#reloaded(actor, changed);
    if (refused.length > 0) this.#refused(refused);
    return { changed, refused };
  }

  #readConfig(): Config {
    const { file, variables } = this.#config;
    try {
      return readConfig(file, variables);
    } catch (cause) {
      const why = errorMessage(cause);
      this.#refused([why]);
      throw new KeywardError('reload_refused', `nothing was changed: ${why}`, { cause });
    }
  }

  /** `areNew`: certificates have to be in force. */
  #readPemFiles(
    config: Config,
    areNew: boolean,
  ): { identities: PemFiles['identities']; flaws: readonly string[] } {
    const nowMs = this.#deps.clock.nowSeconds() * 1_000;
    const { identities, flaws } = readPemFiles(config, areNew ? nowMs : undefined);
    return { identities, flaws: flaws.map(({ path, advice }) => messageOf(path, advice)) };
  }

  #reloaded({ operatorId: by, requestId: request_id }: Actor, details: readonly string[]): void {
    const { events, clock } = this.#deps;
    events.raise(securityEvent('service.reloaded', { details, by, request_id, at: clock.nowSeconds() }));
  }

  #refused(details: readonly string[]): void {
    const { log, events, clock } = this.#deps;
    log.error({ details }, 'reload refused');
    events.raise(securityEvent('service.reload_refused', { details, day: dayOf(clock.nowSeconds()) }));
  }

  async #audit(actor: Actor, details: { changed: readonly string[]; refused: readonly string[] }) {
    await this.#deps.audit.record(actOf(actor, 'service.reloaded', 'service', details));
  }
}

/** Of what all PEM files hold, or that they cannot be read. */
function pemDigest(config: Config): string {
  const parts = pemFileNames(config).map((file) => {
    try {
      return `${file} ${hash('sha256', readFileSync(file), 'base64url')}`;
    } catch (error) {
      return `${file} ${(error as NodeJS.ErrnoException).code}`;
    }
  });
  return parts.join('\n');
}

/** SIGHUP of the whole life of the process, which ends nothing. */
export interface Hangups {
  /** Called at each from now on, and now if there were any before. */
  subscribe(listener: () => void): void;
}

export function catchHangups(): Hangups {
  let listener: (() => void) | undefined;
  let missed = false;
  process.on('SIGHUP', () => {
    missed = true;
    listener?.();
  });
  return {
    subscribe(given) {
      listener = given;
      if (missed) given();
    },
  };
}
