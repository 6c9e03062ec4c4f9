/** Wall time in whole seconds since the epoch (NumericDate, RFC 7519 §2). */
export interface Clock {
  nowSeconds(): number;
}

export const systemClock: Clock = { nowSeconds: () => Math.floor(Date.now() / 1000) };
