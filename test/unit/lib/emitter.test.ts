import { expect, it } from 'vitest';
import { Emitter } from '../../../src/lib/emitter.ts';

it('tells every listener of every event, in order, and throws the first failure afterwards', () => {
  const emitter = new Emitter<number>();
  const heard: string[] = [];
  const unsubscribe = emitter.subscribe((event) => {
    heard.push(`a${event}`);
    throw new Error(`failed at ${event}`);
  });
  emitter.subscribe((event) => heard.push(`b${event}`));
  expect(() => emitter.emitAll([1, 2])).toThrow('failed at 1');
  expect(heard).toEqual(['a1', 'b1', 'a2', 'b2']);
  unsubscribe();
  emitter.emit(3);
  expect(heard.slice(4)).toEqual(['b3']);
});
