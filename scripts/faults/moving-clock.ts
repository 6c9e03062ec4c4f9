import { readFileSync } from 'node:fs';

/** Preloaded by a process whose wall clock is to jump: the file named in the query holds by how many seconds. */
const file = new URL(import.meta.url).searchParams.get('file') ?? '';
const REREAD_MS = 200;
const rightMs = Date.now;
let shiftMs = 0;
const read = () => {
  shiftMs = Number(readFileSync(file, 'utf8')) * 1_000 || 0;
};
read();
setInterval(read, REREAD_MS).unref();
Date.now = () => rightMs() + shiftMs;
