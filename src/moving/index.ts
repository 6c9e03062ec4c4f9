export { type InitialCopyMade, makeInitialCopy } from './initial-copy.ts';
export { type Moved, type MoveRequest, moveStore } from './move.ts';
