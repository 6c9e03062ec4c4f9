import type { ScopeEvent } from '../kernel/publication.ts';
import type { RefusalReason } from '../kernel/verification.ts';
import { Acknowledger } from './acknowledger.ts';
import type { ReportProblem } from './errors.ts';
import { EventFollower } from './event-follower.ts';
import type { KeySetKeeper } from './key-set-keeper.ts';
import { LiveState } from './live-state.ts';
import type { CheckedOptions } from './options.ts';
import type { KeptToken } from './revoked-rules.ts';
import type { Service } from './service.ts';
import { type Sighted, Sightings, VerdictService } from './sightings.ts';
import { backoffMs, pause, type Surroundings } from './time.ts';

interface OnlineDeps {
  readonly options: CheckedOptions;
  readonly service: Service;
  readonly keeper: KeySetKeeper;
  readonly surroundings: Surroundings;
  readonly reportProblem: ReportProblem;
  readonly onKeysChanged: () => void;
  readonly onRevoked: (concerned: (token: KeptToken) => boolean) => void;
  readonly onRefused: (sighted: Sighted, reason: RefusalReason) => void;
}

/** So that a thousand verifiers do not ask for the new key set in one instant; what was withdrawn counts at once. */
const SPREAD_MS = 100;
const BACKOFF = { firstMs: 250, maxMs: 10_000 };

/** What a verifier with a credential does beside verifying: it hears, acknowledges, reports and asks. */
export class Online {
  readonly live: LiveState;
  readonly verdicts: VerdictService;
  readonly sightings: Sightings;
  readonly #deps: OnlineDeps;
  readonly #acknowledger: Acknowledger;
  readonly #follower: EventFollower;
  readonly #closing = new AbortController();
  #catchingUp = false;

  constructor(deps: OnlineDeps) {
    this.#deps = deps;
    const { options, service, surroundings, reportProblem, onRevoked, onRefused } = deps;
    const { scope, instance, sightings: sample } = options;
    this.live = new LiveState({
      nowSeconds: () => surroundings.clock.nowSeconds(),
      onKeysChanged: () => {
        deps.onKeysChanged();
        void this.#catchUp();
      },
      onRevoked,
    });
    this.verdicts = new VerdictService(service, scope);
    this.sightings = new Sightings({
      service,
      verdicts: this.verdicts,
      scope,
      sample,
      surroundings,
      reportProblem,
      onRefused,
    });
    this.#acknowledger = new Acknowledger({ service, scope, instance, surroundings, reportProblem });
    this.#follower = new EventFollower({
      service,
      scope,
      instance,
      surroundings,
      reportProblem,
      onEvent: (event) => this.#hear(event),
      onLost: () => this.live.lost(),
    });
  }

  /** The key set that is held now. */
  adopted(version: number): void {
    this.#acknowledger.holds(version);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#follower.close();
    this.#acknowledger.close();
    this.live.lost();
    await this.sightings.close();
  }

  #hear(event: ScopeEvent): void {
    this.live.apply(event);
    if (event.type === 'snapshot') this.#acknowledger.repeat();
  }

  /** Until the key set is held that the events speak of. */
  async #catchUp(): Promise<void> {
    if (this.#catchingUp) return;
    this.#catchingUp = true;
    const { keeper, surroundings } = this.#deps;
    const { signal } = this.#closing;
    for (let failures = 0; !signal.aborted && !this.#isUpToDate(); failures++) {
      const wait = failures === 0 ? SPREAD_MS * surroundings.random() : 0;
      await pause(wait + (failures && backoffMs(failures, BACKOFF, surroundings.random())), signal);
      await keeper.renew().catch(() => undefined);
    }
    this.#catchingUp = false;
  }

  #isUpToDate(): boolean {
    const { held } = this.#deps.keeper;
    return held !== undefined && held.version >= this.live.version;
  }
}
