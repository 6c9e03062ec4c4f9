import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { toWire } from './sqlite-failure.ts';
import { WriteConnection } from './write-connection.ts';
import type { CallName, WriterCalls, WriterReply, WriterRequest, WriterSettings } from './writer-protocol.ts';

const connection = new WriteConnection(workerData as WriterSettings);

const HANDLERS: { [K in CallName]: (asks: WriterCalls[K]['asks']) => WriterCalls[K]['answers'] | undefined } =
  {
    append: (batch) => connection.append(batch),
    begin: () => void connection.begin(),
    execute: ({ sql, parameters }) => connection.execute(sql, parameters),
    commit: () => void connection.commit(),
    rollback: () => void connection.rollback(),
    durability: () => connection.durability(),
    close: () => void connection.close(),
  };

function answer<K extends CallName>({ call, asks }: WriterRequest<K>): WriterReply {
  try {
    return { ok: true, answers: HANDLERS[call](asks) ?? null };
  } catch (error) {
    connection.recover(error);
    return { ok: false, failure: toWire(error) };
  }
}

function serve(port: MessagePort): void {
  port.on('message', (request: WriterRequest) => {
    port.postMessage(answer(request));
    if (request.call === 'close') port.close();
  });
}

if (parentPort) serve(parentPort);
