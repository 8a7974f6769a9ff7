/** Counts and response times of one listener, pool, server, or of everything. */
export class TrafficMeter {}
