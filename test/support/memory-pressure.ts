// For `--expose-gc --import`: collects memory all the time and writes over what became free, in the sizes of
// what is signed, so that a native call which reads a buffer nobody holds any more reads something else.
declare const gc: () => void;

const SIZES = Array.from({ length: 32 }, (_, n) => 16 * (n + 1));

setInterval(() => {
  gc();
  for (const size of SIZES) for (let n = 0; n < 8; n++) Buffer.alloc(size - 8, 0xff);
}, 1).unref();
