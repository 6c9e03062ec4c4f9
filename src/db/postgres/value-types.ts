import type pg from 'pg';
import { StoreFailure } from '../failure.ts';

/** By the server's type, as `pg_type` numbers them; what is not here stays text. Values are what SQLite has for them. */
const PARSERS = new Map<number, (text: string) => unknown>([
  [16, (text) => (text === 't' ? 1 : 0)], // bool
  [17, bytesOf], // bytea
  [20, numberOf], // int8
  [21, Number], // int2
  [23, Number], // int4
  [26, Number], // oid
  [700, Number], // float4
  [701, Number], // float8
  [1700, numberOf], // numeric, as sums of int8 are
]);

const asText = (text: string) => text;

/** For one connection: another user of `pg` in this process keeps its own. */
export const VALUE_TYPES: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number) => PARSERS.get(oid) ?? asText) as typeof pg.types.getTypeParser,
};

/** With memory of its own: one from Node's pool would take the pool's other contents along to another thread. */
function bytesOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text.slice(2), 'hex'));
}

function numberOf(text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && !Number.isSafeInteger(number)) throw unsafe(text);
  return number;
}

/** With the code that node:sqlite has for it. */
function unsafe(text: string): StoreFailure {
  const message = `the value is too large to be a number of JavaScript: ${text}`;
  return new StoreFailure({ message, code: 'ERR_OUT_OF_RANGE' });
}
