// npm run crash:lives: whatever a kill cuts short of a key's life, the next start completes or rolls back.
import { crashLifecycles } from './crash/lifecycle-kills.ts';

const stride = Number(process.argv[2] ?? '1');
if (!Number.isInteger(stride) || stride < 1) {
  console.error('Usage: npm run crash:lives -- [stride]   a kill at every point, or at each so-manieth');
  process.exit(2);
}
const { kills, findings } = await crashLifecycles({ stride, report: (line) => console.log(line) });
console.log(
  Object.entries(kills)
    .map(([act, count]) => `${act} ${count}`)
    .join(', '),
);
for (const finding of findings) console.log(finding);
console.log(`${findings.length} findings`);
if (findings.length > 0) process.exitCode = 1;
