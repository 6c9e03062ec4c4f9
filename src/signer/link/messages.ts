import type { Readable } from 'node:stream';
import { ERROR_CODES } from '../../kernel/errors.ts';
import type { PinState } from '../../kernel/signer.ts';
import { isObject } from '../../lib/json.ts';
import type { Failure, LogLine, Operation, Reply } from '../protocol.ts';

type Check = (gives: unknown, takes: unknown) => boolean;

/** What the front insists on before it uses an answer: enough that a broken child cannot break the front. */
export const WELL_FORMED = {
  pin: isPinState,
  open: isObject,
  sign: (gives, takes) =>
    Array.isArray(gives) &&
    Array.isArray(takes) &&
    gives.length === takes.length &&
    gives.every((outcome) => outcome instanceof Uint8Array || isFailure(outcome)),
  generate: isObject,
  trial: isTrial,
  serve: areProofsOf,
  serveAlso: areProofsOf,
  release: () => true,
  prove: isObject,
  inventory: isArrayOfObjects,
  discard: () => true,
  destroy: () => true,
  sealed: (gives) => isObject(gives) && isStatement(gives.checkpoint) && isStatement(gives.head),
  describe: isObject,
  report: (gives) => isObject(gives) && isArrayOfObjects(gives.mechanisms),
} as const satisfies Record<Operation, Check>;

const CODES: ReadonlySet<unknown> = new Set(ERROR_CODES);

export function isReply(message: unknown): message is Reply {
  if (!isObject(message) || typeof message.id !== 'number') return false;
  return 'failure' in message ? isFailure(message.failure) : 'gives' in message;
}

const LEVELS: ReadonlySet<unknown> = new Set(['info', 'warn', 'error', 'fatal'] satisfies LogLine['log'][]);
const LONGEST_MESSAGE = 10_000;

export function isLogLine(message: unknown): message is LogLine {
  return (
    isObject(message) &&
    LEVELS.has(message.log) &&
    typeof message.message === 'string' &&
    message.message.length <= LONGEST_MESSAGE &&
    isObject(message.details)
  );
}

function isFailure(value: unknown): value is Failure {
  return isObject(value) && CODES.has(value.code) && typeof value.message === 'string';
}

/** Of each key that was asked for, once, and of no other: a signer says nothing about another's keys. */
function areProofsOf(gives: unknown, takes: unknown): boolean {
  if (!isArrayOfObjects(gives) || !isArrayOfObjects(takes) || gives.length !== takes.length) return false;
  const asked = new Set(takes.map(({ kid }) => kid));
  return gives.every(
    ({ kid, found, proven }) =>
      asked.delete(kid) && typeof found === 'boolean' && typeof proven === 'boolean',
  );
}

function isTrial(gives: unknown): boolean {
  return isObject(gives) && Array.isArray(gives.unproven) && typeof gives.refused === 'object';
}

const LATCH_STATES: ReadonlySet<unknown> = new Set([
  'clear',
  'attempting',
  'rejected',
  'unreadable',
] satisfies PinState['state'][]);

function isPinState(gives: unknown): boolean {
  return (
    isObject(gives) &&
    LATCH_STATES.has(gives.state) &&
    Number.isSafeInteger(gives.attempts) &&
    typeof gives.isAccepted === 'boolean' &&
    (gives.permit === null || (isObject(gives.permit) && Number.isSafeInteger(gives.permit.after)))
  );
}

function isStatement(value: unknown): boolean {
  return value === null || typeof value === 'string';
}

function isArrayOfObjects(value: unknown): value is Record<string, unknown>[] {
  return Array.isArray(value) && value.every(isObject);
}

const LONGEST_LINE = 1_000;
const LINES = 200;

/**
 * What a vendor's module prints, line by line: long lines are cut, and of a process that prints without end
 * only the first lines are kept.
 */
export function eachLine(stream: Readable, onLine: (line: string) => void): void {
  let rest = '';
  let lines = 0;
  const emit = (line: string) => {
    if (line === '' || lines > LINES) return;
    lines += 1;
    onLine(lines > LINES ? 'further output of this process is dropped' : line.slice(0, LONGEST_LINE));
  };
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    const parts = (rest + chunk).split('\n');
    rest = (parts.pop() ?? '').slice(0, LONGEST_LINE);
    parts.forEach(emit);
  });
  stream.on('end', () => emit(rest));
  stream.on('error', (error) => emit(`output lost: ${error.message}`));
}

/** The most signatures that one message asks for. */
export const MESSAGE_SIZE = 16;
/** Milliseconds for a signature, from which a message costs little beside it. */
const SLOW_MS = 0.2;

/**
 * How many signatures one message may ask for. It starts at one and doubles while full messages are answered
 * within `targetMs`, so that neither RSA-4096 nor a slow HSM makes a healthy signer miss its deadline.
 */
export class BatchSize {
  readonly #targetMs: number;
  #limit = 1;
  #isSlow = false;

  constructor(targetMs: number) {
    this.#targetMs = targetMs;
  }

  get limit(): number {
    return this.#limit;
  }

  /**
   * Of so many that wait, how many the next of so many messages takes. A slow HSM gets all messages at once: answered
   * one by one, they keep its sessions at work while the next signatures are being asked for.
   */
  share(waiting: number, messages: number): number {
    if (!this.#isSlow) return this.#limit;
    return Math.min(this.#limit, Math.ceil(waiting / Math.max(1, messages)));
  }

  answered(signatures: number, tookMs: number): void {
    this.#isSlow = tookMs > signatures * SLOW_MS;
    if (tookMs > this.#targetMs) {
      this.#limit = Math.max(1, Math.floor((signatures * this.#targetMs) / tookMs));
    } else if (signatures >= this.#limit) {
      this.#limit = Math.min(this.#limit * 2, MESSAGE_SIZE);
    }
  }
}
