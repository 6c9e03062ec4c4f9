import { type MessagePort, parentPort } from 'node:worker_threads';
import type { CallReply, CallRequest, Calls } from './call-thread.ts';
import { toWire } from './failure.ts';

type Handlers<C extends { [K in keyof C]: Calls[string] }> = {
  readonly [K in keyof C]: (asks: C[K]['asks']) => C[K]['answers'] | undefined;
};

/** The worker's side of a `CallThread`; `recover` sees every error before it is answered. */
export function serveCalls<C extends { [K in keyof C]: Calls[string] }>(
  handlers: Handlers<C>,
  recover: (error: unknown) => void,
): void {
  if (parentPort) serve(parentPort, handlers, recover);
}

function serve<C extends { [K in keyof C]: Calls[string] }>(
  port: MessagePort,
  handlers: Handlers<C>,
  recover: (error: unknown) => void,
): void {
  const answer = ({ call, asks }: CallRequest<C>): CallReply => {
    try {
      return { ok: true, answers: handlers[call](asks as C[typeof call]['asks']) ?? null };
    } catch (error) {
      recover(error);
      return { ok: false, failure: toWire(error) };
    }
  };
  port.on('message', (request: CallRequest<C>) => {
    port.postMessage(answer(request));
    if (request.call === 'close') port.close();
  });
}
