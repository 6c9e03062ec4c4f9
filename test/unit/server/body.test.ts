import type { IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { KeywardError } from '../../../src/kernel/errors.ts';
import { readText } from '../../../src/server/body.ts';
import { CallerBudget, MOST_BYTES_HELD } from '../../../src/server/caller-budget.ts';

const LARGEST = 8 * 1024 * 1024;
const BLANK = Buffer.alloc(LARGEST, ' ');
const bodies = MOST_BYTES_HELD.identity / LARGEST;
const identities = new CallerBudget('identity', { requests_in_flight: 64 });

function reading(budget = identities, holder = 'identity') {
  const headers = { 'content-type': 'application/json' };
  const res = { locals: { admission: { budget, holder } }, shouldKeepAlive: true };
  const stream = Object.assign(new PassThrough({ highWaterMark: 2 * LARGEST }), { headers, res });
  const outcome = readText(stream as unknown as IncomingMessage, 'application/json', LARGEST).then(
    (text) => text.length,
    (error: unknown) => (error instanceof KeywardError ? error.code : error),
  );
  return { stream, outcome, res };
}

async function halfRead(bytes: Buffer) {
  const body = reading();
  body.stream.write(bytes);
  await new Promise((resolve) => setImmediate(resolve));
  return body;
}

async function whole(text: string) {
  const { stream, outcome } = reading();
  stream.end(text);
  return outcome;
}

test('bodies under way take no more memory together than allowed, and give it back however they end', async () => {
  const held = [];
  for (let count = 0; count < bodies; count++) held.push(await halfRead(BLANK));
  expect(await whole('{}')).toBe('overloaded');

  const [ended, tooLong, cutOff, ...others] = held;
  ended?.stream.end();
  expect(await ended?.outcome).toBe(LARGEST);
  expect(await whole('{}')).toBe(2);

  tooLong?.stream.write(' ');
  expect(await tooLong?.outcome).toBe('body_too_large');
  cutOff?.stream.destroy();
  expect(await cutOff?.outcome).toBe('request_timeout');
  for (const { stream } of others) stream.destroy();
  await Promise.all(others.map(({ outcome }) => outcome));

  const again = [];
  for (let count = 0; count < bodies; count++) again.push(await halfRead(BLANK));
  for (const { stream } of again) stream.end();
  const lengths = await Promise.all(again.map(({ outcome }) => outcome));
  expect(lengths).toEqual(Array.from({ length: bodies }, () => LARGEST));
});

test('no byte is read of who was not admitted', async () => {
  const stream = Object.assign(new PassThrough(), {
    headers: { 'content-type': 'application/json' },
    res: { locals: { admission: undefined } },
  });
  const reading = readText(stream as unknown as IncomingMessage, 'application/json', LARGEST);
  await expect(reading).rejects.toThrow('not admitted');
});

test('the bodies of strangers are few, fewer from one address, and give their places back', async () => {
  const strangers = new CallerBudget('anonymous', { requests_in_flight: 64 }, undefined, {
    bodies: 3,
    bodiesOfOne: 2,
    bodySeconds: 60,
  });
  const held = [reading(strangers, 'a'), reading(strangers, 'a')];
  expect(await reading(strangers, 'a').outcome).toBe('rate_limited');
  held.push(reading(strangers, 'b'));
  expect(await reading(strangers, 'c').outcome).toBe('overloaded');
  held[0]?.stream.end('{}');
  expect(await held[0]?.outcome).toBe(2);
  const next = reading(strangers, 'a');
  next.stream.end('{}');
  expect(await next.outcome).toBe(2);
  expect(await whole('{}')).toBe(2);
});

test('the body of a stranger who dawdles is given up, and the connection with it', async () => {
  const strangers = new CallerBudget('anonymous', { requests_in_flight: 64 }, undefined, {
    bodies: 1,
    bodiesOfOne: 1,
    bodySeconds: 0.05,
  });
  const slow = reading(strangers, 'a');
  slow.stream.write('{');
  expect(await slow.outcome).toBe('request_timeout');
  expect(slow.res.shouldKeepAlive).toBe(false);
  const next = reading(strangers, 'b');
  next.stream.end('{}');
  expect([await next.outcome, next.res.shouldKeepAlive]).toEqual([2, true]);
});
