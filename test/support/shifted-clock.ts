import { readFileSync } from 'node:fs';

/** Preloaded by a process whose wall clock is to be wrong: the file named in the query holds by how many seconds. */
const file = new URL(import.meta.url).searchParams.get('file') ?? '';
const shiftMs = Number(readFileSync(file, 'utf8')) * 1_000;
const rightMs = Date.now;
Date.now = () => rightMs() + shiftMs;
