import type { Config } from '../config.ts';
import { type DatabaseSettings, isMade } from '../db/database-settings.ts';
import { openReader } from '../db/open-engine.ts';
import type { Operator, Role } from '../kernel/actor.ts';
import { type Finding, fail, ok, warn } from '../lib/finding.ts';
import { errorMessage } from '../lib/text.ts';
import { canDecideTogether, holdsRole } from './proposal.ts';

/** As the database has them: whether they are signed is for the service to say. Read without a trace. */
async function storedOperators(database: DatabaseSettings): Promise<readonly Operator[]> {
  const reader = await openReader(database);
  try {
    const rows = await reader.read((trx) => trx.selectFrom('operators').selectAll().orderBy('id').execute());
    return rows.map(({ id, roles_json, created_at, revoked_at }) => ({
      id,
      roles: JSON.parse(roles_json) as Role[],
      createdAt: created_at,
      revokedAt: revoked_at,
    }));
  } finally {
    await reader.close();
  }
}

const CHECK = 'two persons';

/** Whether what makes the service accept more takes two people, and whether there are two (I11). */
export async function checkPersons({ two_persons, database }: Config): Promise<Finding> {
  if (!two_persons) {
    return warn(
      CHECK,
      'single-operator mode: one operator alone does what takes two',
      'set two_persons: true, and have another operator enrolled',
    );
  }
  try {
    return judge(isMade(database) ? await storedOperators(database) : []);
  } catch (error) {
    const why = errorMessage(error);
    return fail(CHECK, `operators cannot be read: ${why}`, 'mend what is said of the database');
  }
}

function judge(operators: readonly Operator[]): Finding {
  if (canDecideTogether(operators)) {
    const approvers = operators.filter((operator) => holdsRole(operator, 'approver'));
    return ok(CHECK, `asked for; ${approvers.map(({ id }) => id).join(' and ')} can approve`);
  }
  return fail(
    CHECK,
    'nobody can approve what another operator proposes, so nothing is done that takes two',
    'stop the service and enrol others: keyward init --operator ID=FILE',
  );
}
