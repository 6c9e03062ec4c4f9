import { addressBuckets, limiter, refuse } from '../server/limits.ts';
import { wideNetworkOf } from '../server/network.ts';

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

const HOUR_SECONDS = 3_600;
const DAY_HOURS = 24;
/** Of a day's reports, for whoever has a /48 or a /24 to come from: less than an hour's. */
const WIDE_SHARE = 1 / 40;

export interface RefusalWatch {
  /** Of each that was turned away. */
  refused(): void;
  /** Of those, each that was past what it shares with others: honest reporters may be among them. */
  refusedWithOthers(): void;
}

/** A day's reports are given out by the hour, so that whoever uses them up shuts out the others no longer than that. */
export function createReportLimits(settings: ReportLimitSettings, watch: RefusalWatch): ReportLimits {
  const { per_network_per_hour, per_minute, per_day } = settings;
  const network = limiter(per_network_per_hour, HOUR_SECONDS);
  const wide = limiter(
    Math.max(per_network_per_hour, Math.floor(per_day * WIDE_SHARE)),
    DAY_HOURS * HOUR_SECONDS,
  );
  const minute = limiter(per_minute, 60);
  const hour = limiter(Math.ceil(per_day / DAY_HOURS), HOUR_SECONDS);
  const bucketOf = addressBuckets();
  const wideBucketOf = addressBuckets(wideNetworkOf);
  const turnAway = (thrown: unknown) => {
    watch.refused();
    return refuse(thrown);
  };
  const turnAwayWithOthers = (thrown: unknown) => {
    watch.refusedWithOthers();
    return turnAway(thrown);
  };
  return {
    async from(address) {
      await network.consume(bucketOf(address)).catch(turnAway);
      await wide.consume(wideBucketOf(address)).catch(turnAwayWithOthers);
    },
    async inAll() {
      await minute.consume('all').catch(turnAwayWithOthers);
      await hour.consume('all').catch(turnAwayWithOthers);
    },
  };
}
