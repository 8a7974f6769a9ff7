import type { OutlierDetectionConfig } from '@shared/config/schema.ts';
import { assertNever } from '@shared/lib/assert-never.ts';
import { formatDuration } from '@shared/lib/duration.ts';
import type { OutlierCells } from './outlier-cells.ts';

/** Why a server is ejected, or would be; completes `api-2 is ejected for 10s: `. Empty where there is no reason. */
export function outlierText(
  { cause, measured, against }: Pick<OutlierCells, 'cause' | 'measured' | 'against'>,
  { windowMs }: OutlierDetectionConfig,
): string {
  switch (cause) {
    case 'none':
      return '';
    case 'consecutive':
      if (against === 0) return `${measured} attempts in a row failed`;
      return `${measured} attempts in a row ${against < measured ? 'failed or ' : ''}were overtaken by another beside them (retry.hedge)`;
    case 'percent':
      return `${measured} of ${against} attempts failed within ${formatDuration(windowMs)}`;
    case 'latency':
      return `its median response time is ${tidyMs(measured)}, that of the others ${tidyMs(against)}`;
    case 'trial':
      return against === 0
        ? 'its trial request failed'
        : 'its trial request was overtaken by another beside it (retry.hedge)';
    default:
      return assertNever(cause);
  }
}

/** Why a server that should be ejected is not; null where that is not so. */
export function withheldText(cells: OutlierCells, config: OutlierDetectionConfig): string | null {
  switch (cells.withheld) {
    case 'none':
      return null;
    case 'last':
      return `${outlierText(cells, config)}, but it is the last available server of its pool (outlierDetection.ejectLast)`;
    case 'most':
      return `${outlierText(cells, config)}, but no more servers may be ejected at once (outlierDetection.maxEjectedPercent: ${config.maxEjectedPercent})`;
    default:
      return assertNever(cells.withheld);
  }
}

function tidyMs(ms: number): string {
  return `${ms >= 100 ? Math.round(ms) : Math.round(ms * 10) / 10}ms`;
}
