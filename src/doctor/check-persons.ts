import { existsSync } from 'node:fs';
import type { Config } from '../config.ts';
import type { Operator } from '../domain/client.ts';
import { canDecideTogether, holdsRole } from '../domain/two-persons.ts';
import { type Finding, fail, ok, warn } from './finding.ts';
import { storedOperators } from './stored-operators.ts';

const CHECK = 'two persons';

/** Whether what makes the service accept more takes two people, and whether there are two (I11). */
export async function checkPersons({ two_persons, database: { file } }: Config): Promise<Finding> {
  if (!two_persons) {
    return warn(
      CHECK,
      'single-operator mode: one operator alone does what takes two',
      'set two_persons: true, and have another operator enrolled',
    );
  }
  try {
    return judge(existsSync(file) ? await storedOperators(file) : []);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
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
