import fc from 'fast-check';

export type Mutation = (token: string) => string;
const position = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });
const at = (text: string, where: number) => Math.floor(where * (text.length + 1));
const piece = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1, maxLength: 4 }),
  fc.constantFrom('.', '=', '-', '_', 'A', '\n', ' ', '\0', '..', 'e30', '\ud800'),
);

/** One change of a token's text: something put in, written over, cut out, repeated, or its parts in another order. */
export const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.tuple(position, piece).map(
    ([where, text]): Mutation =>
      (token) => {
        const index = at(token, where);
        return token.slice(0, index) + text + token.slice(index);
      },
  ),
  fc.tuple(position, piece).map(
    ([where, text]): Mutation =>
      (token) => {
        const index = at(token, where);
        return token.slice(0, index) + text + token.slice(index + text.length);
      },
  ),
  fc.tuple(position, fc.integer({ min: 1, max: 60 })).map(
    ([where, length]): Mutation =>
      (token) => {
        const index = at(token, where);
        return token.slice(0, index) + token.slice(index + length);
      },
  ),
  fc.tuple(position, fc.integer({ min: 1, max: 300 })).map(
    ([where, times]): Mutation =>
      (token) => {
        const index = at(token, where);
        return token.slice(0, index) + token.slice(index, index + 40).repeat(times) + token.slice(index);
      },
  ),
  fc.shuffledSubarray([0, 1, 2, 0, 1, 2]).map(
    (order): Mutation =>
      (token) => {
        const parts = token.split('.');
        return order.map((index) => parts[index] ?? '').join('.');
      },
  ),
);
