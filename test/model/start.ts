/** 2026-11-22T00:00:00.000Z: where every model run begins. */
export const START = Date.UTC(2026, 10, 22);
