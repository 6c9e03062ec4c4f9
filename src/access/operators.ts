import {
  type AccessStore,
  type Actor,
  KEYWARD,
  type Operator,
  type OperatorAdministration,
  ROLES,
  type Role,
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

/** One change at a time; the directory follows the store. */
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
    await this.#turns.runExclusive(() => this.#store.addOperator(operator, digest, actor));
    return { operator };
  }

  replaceCredential(operatorId: string, digest: Uint8Array, actor: Actor): Promise<Operator> {
    return this.#change(operatorId, async (operator) => {
      refuseRevoked(operator);
      const createdAt = this.#clock.nowSeconds();
      const credential = { kind: 'ops', digest, holderId: operatorId, createdAt, revokedAt: null } as const;
      await this.#store.replaceCredential(credential, actor);
    });
  }

  setRoles(operatorId: string, roles: readonly Role[], actor: Actor): Promise<Operator> {
    return this.#change(operatorId, async (operator) => {
      refuseRevoked(operator);
      validateOperator({ id: operatorId, roles });
      const gains = roles.some((role) => !operator.roles.includes(role));
      if (gains && actor.alone) throw takesTwoByNow();
      await this.#store.setRoles(operatorId, roles, actor);
    });
  }

  revoke(operatorId: string, actor: Actor): Promise<Operator> {
    return this.#change(operatorId, async (operator) => {
      if (operator.revokedAt !== null) return;
      await this.#store.revokeOperator(operatorId, this.#clock.nowSeconds(), actor);
    });
  }

  #change(id: string, change: (operator: Operator) => Promise<void>): Promise<Operator> {
    return this.#turns.runExclusive(async () => {
      await change(this.#known(id));
      return this.#known(id);
    });
  }

  #known(id: string): Operator {
    const operator = this.#directory.operator(id);
    if (operator) return operator;
    throw new KeywardError('unknown_operator', 'There is no operator of that id.');
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
