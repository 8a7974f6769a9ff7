import { coversStatus } from '@shared/config/status-ranges.ts';
import type { HttpHealthCheck } from './probe-http.ts';

/** Whether a status is in one of the ranges as the configuration writes them: `200`, `2xx`, `200-399`, `2xx-3xx`. */
export function isExpected(status: number, ranges: HttpHealthCheck['expect']): boolean {
  return ranges.some((range) => coversStatus(range, status));
}
