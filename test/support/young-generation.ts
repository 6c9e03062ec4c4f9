/** An expression for code that another process or thread evaluates (CommonJS): MB that its young generation came to, given garbage. */
export const YOUNG_MB = `(() => {
  const v8 = require('node:v8');
  let most = 0;
  let kept = [];
  for (let n = 0; n < 1_500_000; n++) {
    kept.push({ n, of: [n] });
    if (kept.length > 20_000) kept = kept.slice(10_000);
    if (n % 5_000 === 0) {
      const young = v8.getHeapSpaceStatistics().find((space) => space.space_name === 'new_space');
      most = Math.max(most, young.space_size);
    }
  }
  return most / 2 ** 20;
})()`;
