import { expect, it } from 'vitest';
import { OwnClock } from '../../../src/signer/guard.ts';

const SKEW = 300;
const NOW = 1_760_000_000;

/** A signer whose wall clock and monotonic clock go as the test says; in seconds. */
function signerAt() {
  const time = { wall: NOW, steady: 50 };
  const clock = new OwnClock(SKEW, {
    wallMs: () => time.wall * 1_000,
    steadyMs: () => time.steady * 1_000,
  });
  const pass = (seconds: number) => {
    time.wall += seconds;
    time.steady += seconds;
  };
  return { time, clock, pass };
}

it.each([
  [SKEW, SKEW + 1],
  [-SKEW, -SKEW - 1],
])('signs what is dated %i seconds from its clock, and not %i', (near, far) => {
  const { clock, pass } = signerAt();
  pass(86_400);
  const now = NOW + 86_400;
  expect(() => clock.requireNear(now + near, 'iat')).not.toThrow();
  expect(() => clock.requireNear(now + far, 'iat')).toThrow('iat is too far from the clock of the signer');
});

it.each([
  ['ahead', 1],
  ['behind', -1],
])('signs nothing dated once its wall clock jumps %s, until it is right again', (_, sign) => {
  const { clock, time } = signerAt();
  time.wall += sign * (SKEW + 1);
  for (const iat of [NOW, time.wall]) {
    expect(() => clock.requireNear(iat, 'iat')).toThrow(/^the clock of the signer jumped;/);
  }
  time.wall = NOW + sign * SKEW;
  expect(() => clock.requireNear(time.wall, 'iat')).not.toThrow();
});

it.each([[1.5], ['1760000000'], [null], [undefined], [Number.NaN]])('takes %j for no time', (iat) => {
  const { clock } = signerAt();
  expect(() => clock.requireNear(iat, 'iat')).toThrow('iat is not a whole number of seconds');
});
