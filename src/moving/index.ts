export { type Moved, type MoveRequest, moveStore } from './move.ts';
