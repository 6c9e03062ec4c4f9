import { closeSync, openSync, readSync } from 'node:fs';
import { compare, type Plan } from '../provisioning/compare.ts';
import { currentOf, type Listed } from '../provisioning/current.ts';
import type { Problem } from '../provisioning/problem.ts';
import { MAX_DOCUMENT_BYTES, readDocument } from '../provisioning/read-document.ts';
import type { Current } from '../provisioning/step.ts';
import { CommandFailure, EXIT } from './failure.ts';
import type { CallService } from './operations-client.ts';

/** What has to be done so that the service is as the file says. `invalid_document` names what is wrong where. */
export async function planOf(file: string, call: CallService): Promise<Plan> {
  const read = readDocument(textOf(file));
  if (read.problems) throw invalidDocument(file, read.problems);
  const plan = compare(read.document, await currentState(call), read.locate);
  if (plan.problems) throw invalidDocument(file, plan.problems);
  return plan;
}

export async function currentState(call: CallService): Promise<Current> {
  const { scopes } = await call<Pick<Listed, 'scopes'>>('GET', '/scopes');
  const { clients } = await call<Pick<Listed, 'clients'>>('GET', '/clients');
  return currentOf({ scopes, clients });
}

/** One byte more than is allowed tells a file that is too large; `-` is standard input. */
function textOf(file: string): string {
  const buffer = Buffer.alloc(MAX_DOCUMENT_BYTES + 1);
  try {
    const descriptor = file === '-' ? 0 : openSync(file, 'r');
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(buffer.subarray(0, fill(descriptor, buffer)));
    } finally {
      if (descriptor !== 0) closeSync(descriptor);
    }
  } catch (error) {
    const reason = error instanceof TypeError ? 'it is not UTF-8' : (error as NodeJS.ErrnoException).code;
    throw new CommandFailure(EXIT.failed, 'unreadable', `${file} cannot be read (${reason})`);
  }
}

function fill(descriptor: number, buffer: Buffer): number {
  let filled = 0;
  while (filled < buffer.length) {
    const read = readSync(descriptor, buffer, filled, buffer.length - filled, null);
    if (read === 0) break;
    filled += read;
  }
  return filled;
}

function invalidDocument(file: string, problems: readonly Problem[]): CommandFailure {
  const count = problems.length === 1 ? 'one thing is' : `${problems.length} things are`;
  return new CommandFailure(
    EXIT.failed,
    'invalid_document',
    `${count} wrong in ${file}; nothing was changed`,
    undefined,
    problems.map(({ line, column, message }) => ({ file, line, column, message })),
  );
}
