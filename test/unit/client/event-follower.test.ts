import { afterEach, beforeEach, expect, it, onTestFinished, vi } from 'vitest';
import { EventFollower } from '../../../src/client/event-follower.ts';
import { Service } from '../../../src/client/service.ts';

const EVENT = 'id: life.7\nevent: news\ndata: {}\n\n';

/** Sends the text, and ends after so many milliseconds. */
const stream = (text: string, endsAfterMs = 0) =>
  new Response(
    new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(Buffer.from(text));
        setTimeout(() => controller.close(), endsAfterMs);
      },
    }),
    { headers: { 'content-type': 'text/event-stream' } },
  );

/** The `Last-Event-ID` of each connect; each is answered by the next of these, and all further ones by the last. */
function follow(...answers: readonly [() => Response, ...(() => Response)[]]): (string | null)[] {
  const sent: (string | null)[] = [];
  const service = new Service({
    url: 'http://127.0.0.1',
    async fetch(_url, init) {
      sent.push(new Headers(init?.headers).get('last-event-id'));
      return (answers[sent.length - 1] ?? answers.at(-1) ?? answers[0])();
    },
  });
  const follower = new EventFollower({
    service,
    scope: 'payments',
    instance: 'web-1',
    surroundings: {
      clock: { nowSeconds: () => Math.floor(Date.now() / 1_000) },
      monotonicMs: () => Date.now(),
      random: () => 0.999,
    },
    reportProblem: () => {},
    onEvent: () => {},
    onLost: () => {},
  });
  onTestFinished(() => follower.close());
  return sent;
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('a stream that ends at once is opened more and more rarely', async () => {
  const connects = follow(() => stream(EVENT));
  await vi.advanceTimersByTimeAsync(60_000);
  expect(connects.length).toBeLessThan(11);
});

it('a stream that has lived for some seconds is opened anew at once', async () => {
  const connects = follow(() => stream(EVENT, 6_000));
  await vi.advanceTimersByTimeAsync(62_000);
  expect(connects).toHaveLength(11);
});

it.each([400, 401, 413, 431, 500])('after %i the id is not sent again', async (status) => {
  const connects = follow(
    () => stream(EVENT),
    () => new Response(null, { status }),
    () => stream(EVENT, 60_000),
  );
  await vi.advanceTimersByTimeAsync(5_000);
  expect(connects).toEqual([null, 'life.7', null]);
});

it.each([429, 502, 503, 504])('after %i the stream is resumed', async (status) => {
  const connects = follow(
    () => stream(EVENT),
    () => new Response(null, { status }),
    () => stream(EVENT, 60_000),
  );
  await vi.advanceTimersByTimeAsync(5_000);
  expect(connects).toEqual([null, 'life.7', 'life.7']);
});

it('so it is where the service was away', async () => {
  const connects = follow(
    () => stream(EVENT),
    () => {
      throw new TypeError('fetch failed');
    },
    () => stream(EVENT, 60_000),
  );
  await vi.advanceTimersByTimeAsync(5_000);
  expect(connects).toEqual([null, 'life.7', 'life.7']);
});

it('a body that ends neither by itself nor by the signal is given up', async () => {
  const canceled = vi.fn();
  const connects = follow(
    () =>
      new Response(new ReadableStream({ cancel: canceled }), {
        headers: { 'content-type': 'text/event-stream' },
      }),
    () => stream(EVENT, 60_000),
  );
  await vi.advanceTimersByTimeAsync(9_000);
  expect(connects).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(connects).toHaveLength(2);
  expect(canceled).toHaveBeenCalled();
});
