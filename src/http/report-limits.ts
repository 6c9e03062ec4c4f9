import { addressBuckets, limiter, refuse } from './limits.ts';

/** The part of the configuration's `reports` that the public routes obey. */
export interface ReportLimitSettings {
  readonly per_network_per_hour: number;
  readonly per_minute: number;
  readonly per_day: number;
}

/** Each method fails with `rate_limited`, so that reports stand in the way of nothing else. */
export interface ReportLimits {
  /** Before anything of a report is read. */
  from(address: string | undefined): Promise<void>;
  /** Before a report is kept, whoever it is from. */
  inAll(): Promise<void>;
}

/** `onRefusal` hears of each that was turned away. */
export function createReportLimits(settings: ReportLimitSettings, onRefusal: () => void): ReportLimits {
  const network = limiter(settings.per_network_per_hour, 3_600);
  const minute = limiter(settings.per_minute, 60);
  const day = limiter(settings.per_day, 86_400);
  const bucketOf = addressBuckets();
  const turnAway = (thrown: unknown) => {
    onRefusal();
    return refuse(thrown);
  };
  return {
    async from(address) {
      await network.consume(bucketOf(address)).catch(turnAway);
    },
    async inAll() {
      await minute.consume('all').catch(turnAway);
      await day.consume('all').catch(turnAway);
    },
  };
}
