// `keyward serve` that has loaded all its code and begins when it is told to. It ends with whoever started it.
import { once } from 'node:events';
import { flushCompileCache } from 'node:module';
import { loadConfig } from '../../src/config.ts';
import { readEnvironment } from '../../src/config-environment.ts';
import { serve } from '../../src/serve.ts';

process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
flushCompileCache();
await once(process, 'message');
await serve(loadConfig(process.argv[2] ?? ''), readEnvironment());
process.exit();
