// Another process that owns the database, until it is killed.
import { parseArgs } from 'node:util';
import { ownFile } from '../../src/db/sqlite/database-file.ts';

const [file = ''] = parseArgs({ allowPositionals: true }).positionals;
const owner = ownFile(file);
setInterval(() => owner.leads(), 60_000);
process.stdout.write('owned\n');
