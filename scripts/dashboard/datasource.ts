/** The Prometheus that whoever looks has chosen, by the variable of that name. */
export const PROMETHEUS = { type: 'prometheus', uid: '$datasource' } as const;
