import type { KeywardError } from '../../kernel/errors.ts';
import type { SigningRequest } from '../../kernel/signer.ts';
import type { Span } from '../../kernel/trace.ts';
import type { Failure, SignItem, SignOutcome } from '../protocol.ts';
import type { Answer, Child } from './child.ts';
import { BatchSize, MESSAGE_SIZE } from './messages.ts';
import { asError, overloaded, unavailable } from './refusals.ts';
import type { Timers } from './timers.ts';

/** Once a call has waited so long for its turn, whoever comes next is better off elsewhere or later. */
const MOST_WAIT_MS = 250;

/** The signer works on one while the front reads the answer to another and writes the next. */
const MESSAGES_UNDER_WAY = 4;

interface SignQueueOptions {
  readonly limit: number;
  readonly signMs: number;
  readonly timers: Timers;
  /** The process said something of itself, not only of one signature. */
  readonly onRemedy: (child: Child, failure: Failure) => void;
}

interface Call {
  readonly request: SigningRequest;
  readonly resolve: (signature: Buffer) => void;
  readonly reject: (error: KeywardError) => void;
  readonly addedAt: number;
  /** Until it is sent. */
  waiting: Span | undefined;
  cancel: () => void;
  retried: boolean;
  expired: boolean;
}

/** A process and what it is doing for the queue. */
interface TokenQueue {
  readonly child: Child;
  readonly batch: BatchSize;
  /** So many signatures it can make at once. */
  readonly sessions: number;
  messages: number;
  answeredAt: number;
}

/**
 * Signatures on their way to the signer. Those of one turn of the event loop travel together, and a full message
 * leaves at once: front, signer and checker work side by side only if none waits for the whole turn of another.
 * While messages are under way the next batch grows. A call outlives the process that should have served it, once.
 */
export class SignQueue {
  readonly #options: SignQueueOptions;
  #waiting = new Set<Call>();
  /** The service's own, before all that callers wait for. */
  #own = new Set<Call>();
  readonly #underWay = new Set<Call>();
  #queue: TokenQueue | undefined;
  #scheduled = false;

  constructor(options: SignQueueOptions) {
    this.#options = options;
  }

  /** Asked for and not yet answered. */
  get size(): number {
    return this.#own.size + this.#waiting.size + this.#underWay.size;
  }

  /** Gives up after `waitMs`; `overloaded` at once when the queue is full, or its oldest call waits too long. */
  add(request: SigningRequest, waitMs: number): Promise<Buffer> {
    const { limit, timers } = this.#options;
    const line = request.forCaller ? this.#waiting : this.#own;
    const addedAt = timers.nowMs();
    if (line.size >= limit) return Promise.reject(overloaded());
    if (request.forCaller && this.#isLate(addedAt)) return Promise.reject(overloaded());
    return new Promise((resolve, reject) => {
      const call: Call = {
        request,
        resolve,
        reject,
        addedAt,
        waiting: request.span?.begin('wait_for_signer'),
        cancel: () => {},
        retried: false,
        expired: false,
      };
      call.cancel = timers.after(waitMs, () => this.#expire(call));
      line.add(call);
      if (this.#waiting.size >= MESSAGE_SIZE) this.#flush();
      else this.#schedule();
    });
  }

  attach(child: Child, sessions: number): void {
    const batch = new BatchSize(this.#options.signMs / 8);
    this.#queue = { child, batch, sessions, messages: 0, answeredAt: 0 };
    this.#flush();
  }

  /** What waits goes on waiting, for the next process. */
  detach(): void {
    this.#queue = undefined;
  }

  refuseAll(error: KeywardError): void {
    for (const call of [...this.#own, ...this.#waiting, ...this.#underWay]) this.#refuse(call, error);
    this.#own.clear();
    this.#waiting.clear();
  }

  /** A process that is being replaced is waited for, so only a queue that moves can be late. */
  #isLate(nowMs: number): boolean {
    const [oldest] = this.#waiting;
    if (!oldest || nowMs - oldest.addedAt <= MOST_WAIT_MS) return false;
    return this.#answersSince(oldest.addedAt);
  }

  /** And not long ago: what has answered once, and hangs now, does not move. */
  #answersSince(ms: number): boolean {
    const { signMs, timers } = this.#options;
    if (!this.#queue || this.#queue.answeredAt <= ms) return false;
    return timers.nowMs() - this.#queue.answeredAt <= signMs / 2;
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    const queue = this.#queue;
    // One message more for the service's own, which wait for no answer to another, and travel with no caller's.
    while (queue && this.#own.size > 0 && queue.messages <= MESSAGES_UNDER_WAY) {
      void this.#send(queue, take(this.#own, queue.batch.limit));
    }
    while (queue && this.#waiting.size > 0 && this.#hasPlace(queue)) {
      const share = queue.batch.share(this.#waiting.size, MESSAGES_UNDER_WAY - queue.messages);
      void this.#send(queue, take(this.#waiting, share));
    }
  }

  /** No session of a slow token idles because others are at work for messages of a single signature. */
  #hasPlace({ messages, sessions }: TokenQueue): boolean {
    return messages < MESSAGES_UNDER_WAY || this.#underWay.size < sessions;
  }

  async #send(queue: TokenQueue, calls: readonly Call[]): Promise<void> {
    for (const call of calls) {
      this.#underWay.add(call);
      call.waiting?.end();
      call.waiting = undefined;
    }
    const { timers } = this.#options;
    const sentAt = timers.nowMs();
    queue.messages += 1;
    const answer = await queue.child.call('sign', calls.map(asItem));
    queue.messages -= 1;
    const startedAt = Math.max(sentAt, queue.answeredAt);
    queue.answeredAt = timers.nowMs();
    queue.batch.answered(calls.length, queue.answeredAt - startedAt);
    this.#settle(queue, calls, answer);
    this.#flush();
  }

  #settle(queue: TokenQueue, calls: readonly Call[], answer: Answer<'sign'>): void {
    const again = calls.filter((call, index) => {
      this.#underWay.delete(call);
      return !this.#finish(queue, call, outcomeOf(answer, index));
    });
    if (again.length === 0) return;
    const [callers, own] = [true, undefined].map((each) =>
      again.filter((call) => call.request.forCaller === each),
    );
    this.#waiting = new Set([...(callers ?? []), ...this.#waiting]);
    this.#own = new Set([...(own ?? []), ...this.#own]);
  }

  /** False when the call shall be repeated. */
  #finish(queue: TokenQueue, call: Call, outcome: SignOutcome): boolean {
    if (outcome instanceof Uint8Array) {
      call.cancel();
      call.resolve(Buffer.from(outcome));
      return true;
    }
    if (outcome.remedy === 'replace' && this.#queue === queue) this.#queue = undefined;
    if (outcome.remedy) this.#options.onRemedy(queue.child, outcome);
    const repeatable = outcome.remedy === 'retry' || outcome.remedy === 'replace';
    if (repeatable && !call.retried && !call.expired) {
      call.retried = true;
      return false;
    }
    this.#refuse(call, asError(outcome));
    return true;
  }

  #expire(call: Call): void {
    const waited = this.#waiting.delete(call) || this.#own.delete(call);
    const late = waited && this.#answersSince(call.addedAt);
    this.#refuse(call, late ? overloaded() : unavailable('no signature within the deadline'));
  }

  #refuse(call: Call, error: KeywardError): void {
    call.cancel();
    call.waiting?.end(error);
    call.expired = true;
    call.reject(error);
  }
}

/** The first of the line leave it. */
function take(line: Set<Call>, count: number): Call[] {
  const calls: Call[] = [];
  for (const call of line) {
    if (calls.length === count) break;
    line.delete(call);
    calls.push(call);
  }
  return calls;
}

function asItem({ request: { kid, signingInput, bindingRecords } }: Call): SignItem {
  return bindingRecords ? [kid, signingInput, [...bindingRecords]] : [kid, signingInput];
}

function outcomeOf(answer: Answer<'sign'>, index: number): SignOutcome {
  if ('failure' in answer) return answer.failure;
  const message = 'the HSM is away; try again';
  const lost: Failure = { code: 'hsm_unavailable', message, remedy: 'replace' };
  return 'gone' in answer ? lost : (answer.gives[index] ?? lost);
}
