/** From how much of a disk in use on people are told, in percent of what the service may use of it. */
export const DISK_ALARM_PERCENT = { warning: 75, critical: 90 } as const;
