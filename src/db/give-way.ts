import { constants, setPriority } from 'node:os';

/**
 * Lets everything else run first, this thread's own process included. Linux alone keeps a priority for each thread;
 * elsewhere nothing changes, since it would be the whole process's. See setpriority(2), "C library/kernel differences".
 */
export function giveWay(): void {
  if (process.platform === 'linux') setPriority(constants.priority.PRIORITY_LOW);
}
