import { ERROR_CODES } from '../../kernel/errors.ts';
import type { Failure, LogLine, Operation, Reply } from '../protocol.ts';

type Check = (gives: unknown, takes: unknown) => boolean;

/** What the front insists on before it uses an answer: enough that a broken child cannot break the front. */
export const WELL_FORMED = {
  open: isObject,
  sign: (gives, takes) =>
    Array.isArray(gives) &&
    Array.isArray(takes) &&
    gives.length === takes.length &&
    gives.every((outcome) => outcome instanceof Uint8Array || isFailure(outcome)),
  generate: isObject,
  trial: isTrial,
  serve: isArrayOfObjects,
  prove: isObject,
  inventory: isArrayOfObjects,
  discard: () => true,
  destroy: () => true,
  sealed: (gives) => isObject(gives) && isStatement(gives.checkpoint) && isStatement(gives.head),
  describe: isObject,
} as const satisfies Record<Operation, Check>;

const CODES: ReadonlySet<unknown> = new Set(ERROR_CODES);

export function isReply(message: unknown): message is Reply {
  if (!isObject(message) || typeof message.id !== 'number') return false;
  return 'failure' in message ? isFailure(message.failure) : 'gives' in message;
}

export function isLogLine(message: unknown): message is LogLine {
  return (
    isObject(message) &&
    typeof message.log === 'string' &&
    typeof message.message === 'string' &&
    isObject(message.details)
  );
}

function isFailure(value: unknown): value is Failure {
  return isObject(value) && CODES.has(value.code) && typeof value.message === 'string';
}

function isTrial(gives: unknown): boolean {
  return isObject(gives) && Array.isArray(gives.unproven) && typeof gives.refused === 'object';
}

function isStatement(value: unknown): boolean {
  return value === null || typeof value === 'string';
}

function isArrayOfObjects(value: unknown): boolean {
  return Array.isArray(value) && value.every(isObject);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
