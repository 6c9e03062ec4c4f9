// Loaded first, it puts a ledger that keeps nothing in the place of the durable one: for measuring alone.
import { replaceModules } from './replace-modules.ts';

replaceModules({ 'ledger/durable-ledger.ts': './no-ledger.ts' });
