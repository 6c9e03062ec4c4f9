import { randomBytes } from 'node:crypto';
import type { Actor } from '../../domain/access.ts';
import type { AuditTrail } from '../../domain/audit-trail.ts';
import type {
  Canary,
  CanaryAdministration,
  CanaryStore,
  PlantedCanary,
  WantedCanary,
} from '../../domain/canary.ts';
import type { Clock } from '../../domain/clock.ts';
import { KeywardError } from '../../domain/errors.ts';
import type { TokenIssuer } from '../../domain/issuance.ts';
import type { Revoker } from '../../domain/revocation.ts';
import type { CanaryBook } from './canary-book.ts';
import { issueDecoy } from './issue-decoy.ts';

export interface CanaryDeskParts {
  readonly store: CanaryStore;
  readonly book: CanaryBook;
  readonly issuer: TokenIssuer;
  readonly revocations: Revoker;
  readonly audit: AuditTrail;
  readonly clock: Clock;
}

/** All of them are held in memory, and their rows are signed one by one. */
const MOST_CANARIES = 1_000;

/** What operators do with decoys: each is written first and then in force in memory. */
export class CanaryDesk implements CanaryAdministration {
  readonly #parts: CanaryDeskParts;

  constructor(parts: CanaryDeskParts) {
    this.#parts = parts;
  }

  async create(wanted: WantedCanary, actor: Actor): Promise<PlantedCanary> {
    this.#requireRoom();
    const { digest, token } = await this.#make(wanted, actor);
    const canary: Canary = {
      id: randomBytes(8).toString('hex'),
      kind: wanted.kind,
      planted: wanted.planted,
      digest,
      scopeId: wanted.kind === 'credential' ? null : wanted.scopeId,
      key: null,
      createdBy: actor.operatorId,
      createdAt: this.#parts.clock.nowSeconds(),
      retiredAt: null,
    };
    await this.#parts.store.add(canary, actor);
    this.#parts.book.put(canary);
    return { canary, token };
  }

  find(id: string): Canary {
    const canary = this.#parts.book.get(id);
    if (canary) return canary;
    throw new KeywardError('unknown_canary', 'There is no canary of that id.');
  }

  async list(actor: Actor): Promise<readonly Canary[]> {
    await this.#tellOfLook('canaries.listed', 'canaries', actor);
    return this.#parts.book.all();
  }

  async show(id: string, actor: Actor): Promise<Canary> {
    await this.#tellOfLook('canary.shown', `canary:${id}`, actor);
    return this.find(id);
  }

  async retire(id: string, actor: Actor): Promise<Canary> {
    const canary = this.find(id);
    if (canary.retiredAt !== null) return canary;
    const retired = { ...canary, retiredAt: this.#parts.clock.nowSeconds() };
    await this.#parts.store.retire(id, retired.retiredAt, actor);
    this.#parts.book.put(retired);
    return retired;
  }

  async #make(wanted: WantedCanary, actor: Actor) {
    if (wanted.kind === 'credential') return { digest: wanted.digest, token: null };
    if (wanted.kind === 'token') return issueDecoy(this.#parts, wanted, actor);
    throw new KeywardError('invalid_canary', 'kind: use credential or token');
  }

  #requireRoom(): void {
    const standing = this.#parts.book.all().filter(({ retiredAt }) => retiredAt === null);
    if (standing.length < MOST_CANARIES) return;
    throw new KeywardError(
      'invalid_canary',
      `there are ${MOST_CANARIES} canaries already; retire some first`,
    );
  }

  async #tellOfLook(type: string, subject: string, { operatorId, requestId }: Actor): Promise<void> {
    await this.#parts.audit.record({ type, actor: operatorId, subject, requestId, details: {} });
  }
}
