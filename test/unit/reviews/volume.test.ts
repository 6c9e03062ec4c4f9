import { expect, it } from 'vitest';
import { volumeChanges } from '../../../src/reviews/volume.ts';

const HOUR = 3_600;
const FROM = 1_000 * HOUR;
/** Ten hours: 1,000 to 1,009, held against 990 to 999. */
const PERIOD = { from: FROM, to: FROM + 10 * HOUR - 1 };
const of = (client: string, hour: number, tokens: number) => ({ client, scope: 'payments', hour, tokens });
const changes = (hours: ReturnType<typeof of>[], since = 0) =>
  volumeChanges(hours, PERIOD, since).map(({ client, tokens, before }) => [client, tokens, before]);

it('holds each client against as many hours before, the most surprising first', () => {
  const hours = [
    of('doubled', 995, 100),
    of('doubled', 1_005, 200),
    of('gone', 990, 400),
    of('new', 1_009, 50),
    of('new', 1_000, 50),
  ];
  expect(changes(hours)).toEqual([
    ['new', 100, 0],
    ['gone', 0, 400],
    ['doubled', 200, 100],
  ]);
});

it('says nothing of what is much the same, of a handful, and of other hours', () => {
  const steady = [of('steady', 995, 100), of('steady', 1_005, 149)];
  const handful = [of('handful', 1_005, 9)];
  const outside = [of('outside', 989, 1_000), of('outside', 1_010, 1_000)];
  expect(changes([...steady, ...handful, ...outside])).toEqual([]);
  expect(changes([of('more', 995, 100), of('more', 1_005, 150)])).toEqual([['more', 150, 100]]);
  expect(changes([of('ten', 1_005, 10)])).toEqual([['ten', 10, 0]]);
});

it('compares nothing where the service is not as old, and lists what there was', () => {
  const hours = [of('few', 1_001, 3), of('many', 1_001, 30)];
  expect(changes(hours, 991 * HOUR)).toEqual([
    ['many', 30, null],
    ['few', 3, null],
  ]);
  expect(changes(hours, 990 * HOUR)).toEqual([['many', 30, 0]]);
});
