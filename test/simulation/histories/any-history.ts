import fc from 'fast-check';
import { emergency, outage, rotate, wait } from './key-steps.ts';
import { close, decide, proposeKey, proposeScope } from './proposal-steps.ts';
import { forge, issue, revokeClient, revokeToken, verifyAll } from './token-steps.ts';

/** Steps that a model may take; named twice, they come twice as often. */
export const anyHistory = fc.commands(
  [
    issue,
    issue,
    issue,
    verifyAll,
    forge,
    wait,
    wait,
    outage,
    rotate,
    emergency,
    emergency,
    proposeScope,
    proposeKey,
    proposeKey,
    decide,
    decide,
    close,
    close,
    revokeToken,
    revokeClient,
  ],
  { maxCommands: 32, size: 'max' },
);
