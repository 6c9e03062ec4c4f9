import { describe, expect, it } from 'vitest';
import { passedSockets } from '../../../src/server/passed-sockets.ts';

const passed = (fds: string | undefined, names: string | undefined, pid: string | undefined = '7') =>
  passedSockets({ fds, names, pid }, 7);

describe('sockets of the service manager', () => {
  it.each([
    ['both', passed('2', 'data:operations'), { data: 3, operations: 4 }],
    ['both, the other way round', passed('2', 'operations:data'), { operations: 3, data: 4 }],
    ['one', passed('1', 'operations'), { operations: 3 }],
    ['none', passed(undefined, undefined), {}],
    ['those of another process', passed('1', 'data', '8'), {}],
  ])('%s', (_, found, expected) => {
    expect(found).toEqual(expected);
  });

  it.each([
    ['no names', '1', undefined, 'the socket "" is of no plane'],
    ['an unnamed one', '2', 'data:unknown', 'the socket "unknown" is of no plane'],
    ['one twice', '2', 'data:data', 'there are two sockets named data'],
    ['more names than sockets', '1', 'data:operations', 'LISTEN_FDNAMES has 2 names for 1 sockets'],
    ['a count that is none', 'x', 'data', 'LISTEN_FDS is x'],
    ['none at all', '0', '', 'LISTEN_FDS is 0'],
  ])('%s is refused', (_, fds, names, flaw) => {
    expect(() => passed(fds, names)).toThrow(
      `sockets of the service manager: ${flaw}; name each by FileDescriptorName=, one data and one operations`,
    );
  });
});
