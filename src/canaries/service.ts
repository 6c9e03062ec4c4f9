import { randomBytes } from 'node:crypto';
import type { Actor } from '../kernel/actor.ts';
import { type AuditTrail, actOf } from '../kernel/audit.ts';
import type { Clock } from '../kernel/clock.ts';
import { KeywardError } from '../kernel/errors.ts';
import type { TokenIssuer } from '../kernel/issuance.ts';
import type { Leadership } from '../kernel/registry.ts';
import type { Revoker } from '../kernel/revocation.ts';
import type { CanaryKeys } from '../keys/canary-keys.ts';
import { withRollback } from '../keys/index.ts';
import { Mutex } from '../lib/mutex.ts';
import type { Canary, CanaryAdministration, CanaryStore, PlantedCanary, WantedCanary } from './canary.ts';
import { type CanaryIndex, digestOfToken } from './canary-index.ts';

/**
 * A token like any other, recorded (I5), and revoked before anybody has it: whoever it is shown to refuses it, or does
 * not ask.
 */
async function issueDecoy(
  { issuer, revocations }: { readonly issuer: TokenIssuer; readonly revocations: Revoker },
  { scopeId, clientId, claims, ttlSeconds }: Extract<WantedCanary, { kind: 'token' }>,
  actor: Actor,
): Promise<{ readonly digest: Buffer; readonly token: string }> {
  const { token, jti, exp } = await issuer.issue({ scopeId, clientId, claims, ttlSeconds });
  await revocations.revokeToken({ scopeId, jti, exp }, actor);
  return { digest: digestOfToken(token), token };
}

const ID_BYTES = 8;

/** Under an id that nobody guesses: it names a decoy to whoever has no right to list them. */
function newCanary(
  of: Pick<Canary, 'kind' | 'planted' | 'scopeId'> & Partial<Pick<Canary, 'digest' | 'key'>>,
  createdBy: string,
  createdAt: number,
): Canary {
  const { kind, planted, scopeId, digest = null, key = null } = of;
  const id = randomBytes(ID_BYTES).toString('hex');
  return { id, kind, planted, digest, scopeId, key, createdBy, createdAt, retiredAt: null };
}

interface CanaryServiceDeps {
  readonly store: CanaryStore;
  readonly index: CanaryIndex;
  readonly issuer: TokenIssuer;
  readonly revocations: Revoker;
  readonly keys: CanaryKeys;
  readonly audit: AuditTrail;
  readonly clock: Clock;
}

/** All of them are held in memory, and their rows are signed one by one. */
const MOST_CANARIES = 1_000;
/** Each may be tried on a token that was refused. */
const MOST_KEYS = 8;

type Wanted<K extends WantedCanary['kind']> = Extract<WantedCanary, { kind: K }>;

/** What operators do with decoys; the index follows the store. */
export class CanaryService implements CanaryAdministration {
  readonly #deps: CanaryServiceDeps;
  /** One after another, so that each counts what the one before it made. */
  readonly #creating = new Mutex();

  constructor(deps: CanaryServiceDeps) {
    this.#deps = deps;
  }

  create(wanted: WantedCanary, actor: Actor): Promise<PlantedCanary> {
    return this.#creating.runExclusive(() => this.#create(wanted, actor));
  }

  find(id: string): Canary {
    const canary = this.#deps.index.get(id);
    if (canary) return canary;
    throw new KeywardError('unknown_canary', 'There is no canary of that id.');
  }

  async list(actor: Actor): Promise<readonly Canary[]> {
    await this.#tellOfLook('canaries.listed', 'canaries', actor);
    return this.#deps.index.all();
  }

  async show(id: string, actor: Actor): Promise<Canary> {
    await this.#tellOfLook('canary.shown', `canary:${id}`, actor);
    return this.find(id);
  }

  /** Once more for a key, it is destroyed if the HSM was away before. */
  async retire(id: string, actor: Actor): Promise<Canary> {
    const canary = this.find(id);
    const retired = canary.retiredAt === null ? await this.#putOut(canary, actor) : canary;
    if (retired.key) await this.#deps.keys.destroy(retired.key);
    return retired;
  }

  /** Keys whose making was cut short are none, whatever is there of them. */
  rollBack({ isAbandoned }: Pick<Leadership, 'isAbandoned'>, actor: Actor): Promise<void> {
    // None is being made here meanwhile.
    return this.#creating.runExclusive(async () => {
      for (const { id, createdAt: since } of this.#deps.index.all().filter(isBeingMade)) {
        if (isAbandoned({ kind: 'canary', id, since })) await this.retire(id, actor);
      }
    });
  }

  async #create(wanted: WantedCanary, actor: Actor): Promise<PlantedCanary> {
    this.#requireRoom(wanted);
    switch (wanted.kind) {
      case 'credential':
        return { canary: await this.#add({ ...wanted, scopeId: null }, actor), token: null };
      case 'token':
        return await this.#plantToken(wanted, actor);
      case 'key':
        return { canary: await this.#plantKey(wanted, actor), token: null };
    }
  }

  async #plantToken(wanted: Wanted<'token'>, actor: Actor): Promise<PlantedCanary> {
    const { digest, token } = await issueDecoy(this.#deps, wanted, actor);
    return { canary: await this.#add({ ...wanted, digest }, actor), token };
  }

  /** On record before it is made: no inventory shall take it for somebody else's. */
  async #plantKey(wanted: Wanted<'key'>, actor: Actor): Promise<Canary> {
    const { store, keys } = this.#deps;
    const key = { ...keys.place(wanted.scopeId), made: null };
    const canary = await this.#add({ ...wanted, key }, actor);
    return await withRollback(
      async () => {
        const made = await keys.make(wanted.scopeId, key);
        await store.keyMade(canary.id, made, actor);
        return { ...canary, key: { ...key, made } };
      },
      async () => void (await this.retire(canary.id, actor)),
    );
  }

  async #add(of: Parameters<typeof newCanary>[0], actor: Actor): Promise<Canary> {
    const canary = newCanary(of, actor.operatorId, this.#deps.clock.nowSeconds());
    await this.#deps.store.add(canary, actor);
    return canary;
  }

  async #putOut(canary: Canary, actor: Actor): Promise<Canary> {
    const retired = { ...canary, retiredAt: this.#deps.clock.nowSeconds() };
    await this.#deps.store.retire(canary.id, retired.retiredAt, actor);
    return retired;
  }

  #requireRoom({ kind }: WantedCanary): void {
    const standing = this.#deps.index.all().filter(({ retiredAt }) => retiredAt === null);
    const keys = standing.filter((canary) => canary.kind === 'key');
    if (standing.length >= MOST_CANARIES) throw tooMany(`${MOST_CANARIES} canaries`);
    if (kind === 'key' && keys.length >= MOST_KEYS) throw tooMany(`${MOST_KEYS} decoy keys`);
  }

  async #tellOfLook(type: string, subject: string, actor: Actor): Promise<void> {
    await this.#deps.audit.record(actOf(actor, type, subject));
  }
}

function isBeingMade({ key, retiredAt }: Canary): boolean {
  return key !== null && key.made === null && retiredAt === null;
}

function tooMany(what: string): KeywardError {
  return new KeywardError('invalid_canary', `there are ${what} already; retire one first`);
}
