import type { Epoch } from './epoch.ts';
import type { OperationTable } from './operations.ts';
import type { Operation, Operations, Reply, Request } from './protocol.ts';

/** Does what a request asks, and answers it whatever happens. */
export async function answer(operations: OperationTable, epoch: Epoch, request: Request): Promise<Reply> {
  const { id, op, takes } = request;
  if (epoch.end && op !== 'pin') return { id, failure: epoch.end };
  if (!Object.hasOwn(operations, op)) {
    return { id, failure: { code: 'invalid_request', message: 'the signer knows no such operation' } };
  }
  try {
    const perform = operations[op] as (takes: unknown) => Promise<Operations[Operation]['gives']>;
    return { id, gives: await perform(takes) };
  } catch (error) {
    return { id, failure: epoch.failed(op, error) };
  }
}
