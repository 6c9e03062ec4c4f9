import type { IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { KeywardError } from '../../../src/domain/errors.ts';
import { MOST_BYTES_HELD, readText } from '../../../src/http/body.ts';

const LARGEST = 8 * 1024 * 1024;
const BLANK = Buffer.alloc(LARGEST, ' ');
const bodies = MOST_BYTES_HELD / LARGEST;

function reading() {
  const headers = { 'content-type': 'application/json' };
  const stream = Object.assign(new PassThrough({ highWaterMark: 2 * LARGEST }), { headers });
  const outcome = readText(stream as unknown as IncomingMessage, 'application/json', LARGEST).then(
    (text) => text.length,
    (error: unknown) => (error instanceof KeywardError ? error.code : error),
  );
  return { stream, outcome };
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
