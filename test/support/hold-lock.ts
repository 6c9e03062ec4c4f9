// Another process at the database: holds the write lock until its standard input ends.
import { DatabaseSync } from 'node:sqlite';
import { parseArgs } from 'node:util';

const [file = ''] = parseArgs({ allowPositionals: true }).positionals;
const db = new DatabaseSync(file);
db.exec('BEGIN EXCLUSIVE');
process.stdout.write('locked\n');
process.stdin.resume().once('end', () => db.close());
