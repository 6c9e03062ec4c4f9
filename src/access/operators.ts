import {
  type AccessStore,
  type Actor,
  KEYWARD,
  type Operator,
  type OperatorAdministration,
  ROLES,
  type Role,
  type StoredCredential,
} from '../kernel/actor.ts';
import { takesTwoByNow } from '../kernel/acts.ts';
import type { Clock } from '../kernel/clock.ts';
import { makeCredential } from '../kernel/credential.ts';
import { KeywardError } from '../kernel/errors.ts';
import { Mutex } from '../lib/mutex.ts';
import { type Directory, IDENTIFIER_ADVICE, isIdentifier } from './directory.ts';

interface Named {
  readonly id: string;
  readonly roles: readonly Role[];
}

/** Each change is written first and then made in memory, one at a time. */
export class Operators implements OperatorAdministration {
  readonly #turns = new Mutex();
  readonly #store: AccessStore;
  readonly #directory: Directory;
  readonly #clock: Clock;

  constructor(store: AccessStore, directory: Directory, clock: Clock) {
    this.#store = store;
    this.#directory = directory;
    this.#clock = clock;
  }

  list(): readonly Operator[] {
    return this.#directory.operators();
  }

  async create(operator: Named, actor: Actor) {
    const { text, digest } = makeCredential('ops');
    return { ...(await this.enrol({ ...operator, digest }, actor)), credential: text };
  }

  async enrol({ digest, id, roles }: Named & { readonly digest: Uint8Array }, actor: Actor) {
    validateOperator({ id, roles });
    const createdAt = this.#clock.nowSeconds();
    const operator: Operator = { id, roles: [...roles], createdAt, revokedAt: null };
    await this.#turns.runExclusive(async () => {
      await this.#store.addOperator(operator, digest, actor);
      this.#directory.putOperator(operator);
      this.#directory.putCredential(credentialOf(operator, digest, createdAt));
    });
    return { operator };
  }

  replaceCredential(operatorId: string, digest: Uint8Array, actor: Actor): Promise<Operator> {
    return this.#change(operatorId, async (operator) => {
      refuseRevoked(operator);
      const credential = credentialOf(operator, digest, this.#clock.nowSeconds());
      await this.#store.replaceCredential(credential, actor);
      this.#directory.replaceCredential(credential);
      return operator;
    });
  }

  setRoles(operatorId: string, roles: readonly Role[], actor: Actor): Promise<Operator> {
    return this.#change(operatorId, async (operator) => {
      refuseRevoked(operator);
      validateOperator({ id: operatorId, roles });
      const gains = roles.some((role) => !operator.roles.includes(role));
      if (gains && actor.alone) throw takesTwoByNow();
      await this.#store.setRoles(operatorId, roles, actor);
      return { ...operator, roles: [...roles] };
    });
  }

  revoke(operatorId: string, actor: Actor): Promise<Operator> {
    return this.#change(operatorId, async (operator) => {
      if (operator.revokedAt !== null) return operator;
      const revokedAt = this.#clock.nowSeconds();
      await this.#store.revokeOperator(operatorId, revokedAt, actor);
      return { ...operator, revokedAt };
    });
  }

  #change(id: string, change: (operator: Operator) => Promise<Operator>): Promise<Operator> {
    return this.#turns.runExclusive(async () => {
      const operator = this.#directory.operator(id);
      if (!operator) throw new KeywardError('unknown_operator', 'There is no operator of that id.');
      const changed = await change(operator);
      this.#directory.putOperator(changed);
      return changed;
    });
  }
}

/** `invalid_operator` names the member that is wrong. */
export function validateOperator({ id, roles }: Named): void {
  if (!isIdentifier(id)) throw new KeywardError('invalid_operator', IDENTIFIER_ADVICE);
  if (id === KEYWARD.operatorId)
    throw new KeywardError('invalid_operator', `id: ${id} is the service itself`);
  const named = new Set(roles);
  if (named.size > 0 && named.size === roles.length && roles.every((role) => ROLES.includes(role))) return;
  throw new KeywardError('invalid_operator', `roles: name one or more of ${ROLES.join(', ')}, each once`);
}

function refuseRevoked({ id, revokedAt }: Operator): void {
  if (revokedAt === null) return;
  throw new KeywardError('operator_revoked', `Operator ${id} is revoked; enrol them under another id.`);
}

function credentialOf({ id }: Operator, digest: Uint8Array, createdAt: number): StoredCredential {
  return { kind: 'ops', digest, holderId: id, createdAt, revokedAt: null };
}
