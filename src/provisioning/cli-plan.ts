import { compare, type Plan } from './compare.ts';
import { currentOf, type Listed } from './current.ts';
import { MAX_DOCUMENT_BYTES, readDocument } from './yaml.ts';
import type { Current } from './step.ts';
import { type Problem, summaryOf } from '../yaml-file/problem.ts';
import { CommandFailure, EXIT } from '../cli/failure.ts';
import { readUpTo } from '../cli/input-file.ts';
import type { CallService } from '../cli/operations-client.ts';
import { withRefusals } from '../cli/policy-refusals.ts';

/** What has to be done so that the service is as the file says. `invalid_document` names what is wrong where. */
export async function planOf(file: string, call: CallService): Promise<Plan> {
  const read = readDocument(textOf(file));
  if (read.problems) throw invalidDocument(file, read.problems);
  const plan = compare(read.document, await currentState(call), read.locate);
  if (plan.problems) throw invalidDocument(file, plan.problems);
  return { ...plan, steps: await withRefusals(plan.steps, call) };
}

export async function currentState(call: CallService): Promise<Current> {
  const { scopes } = await call<Pick<Listed, 'scopes'>>('GET', '/scopes');
  const { clients } = await call<Pick<Listed, 'clients'>>('GET', '/clients');
  return currentOf({ scopes, clients });
}

/** One byte more than is allowed tells a file that is too large; `-` is standard input. */
function textOf(file: string): string {
  try {
    const bytes = readUpTo(file === '-' ? 0 : file, MAX_DOCUMENT_BYTES + 1);
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    const reason = error instanceof TypeError ? 'it is not UTF-8' : (error as NodeJS.ErrnoException).code;
    throw new CommandFailure(EXIT.failed, 'unreadable', `${file} cannot be read (${reason})`);
  }
}

function invalidDocument(file: string, problems: readonly Problem[]): CommandFailure {
  return new CommandFailure(
    EXIT.failed,
    'invalid_document',
    `${summaryOf(file, problems)}; nothing was changed`,
    undefined,
    problems.map(({ line, column, message }) => ({ file, line, column, message })),
  );
}
