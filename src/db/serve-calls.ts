import { type MessagePort, parentPort } from 'node:worker_threads';
import type { CallReply, CallRequest, Calls } from './call-thread.ts';
import { type StoreFailure, wireOf } from './failure.ts';

type Handlers<C extends { [K in keyof C]: Calls[string] }> = {
  readonly [K in keyof C]: (
    asks: C[K]['asks'],
  ) => C[K]['answers'] | undefined | Promise<C[K]['answers'] | undefined>;
};

/**
 * The worker's side of a `CallThread`: one call at a time, answered in their order. `failed` sees every error before it
 * is answered, and says what it is.
 */
export function serveCalls<C extends { [K in keyof C]: Calls[string] }>(
  handlers: Handlers<C>,
  failed: (error: unknown) => StoreFailure,
): void {
  if (parentPort) serve(parentPort, handlers, failed);
}

function serve<C extends { [K in keyof C]: Calls[string] }>(
  port: MessagePort,
  handlers: Handlers<C>,
  failed: (error: unknown) => StoreFailure,
): void {
  const waiting: CallRequest<C>[] = [];
  let busy = false;
  const failing = (error: unknown): CallReply => ({ ok: false, failure: wireOf(failed(error)) });
  const call = ({ call: name, asks }: CallRequest<C>): CallReply | Promise<CallReply> => {
    try {
      const answers = handlers[name](asks as C[typeof name]['asks']);
      if (!(answers instanceof Promise)) return { ok: true, answers: answers ?? null };
      return answers.then((later): CallReply => ({ ok: true, answers: later ?? null }), failing);
    } catch (error) {
      return failing(error);
    }
  };
  const answer = (request: CallRequest<C>, reply: CallReply) => {
    port.postMessage(reply);
    if (request.call === 'close') port.close();
  };
  const go = () => {
    for (let next = waiting.shift(); next; next = busy ? undefined : waiting.shift()) {
      const request = next;
      const reply = call(request);
      if (reply instanceof Promise) {
        busy = true;
        void reply.then((later) => {
          busy = false;
          answer(request, later);
          go();
        });
      } else answer(request, reply);
    }
  };
  port.on('message', (request: CallRequest<C>) => {
    waiting.push(request);
    if (!busy) go();
  });
}
