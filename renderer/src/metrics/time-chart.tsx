import 'uplot/dist/uPlot.min.css';
import './time-chart.css';
import { useEffect, useRef } from 'react';
import UPlot from 'uplot';
import { onThemeChange, resolveColour } from '../ui/colour.ts';
import { alignSeries } from './align-series.ts';
import { useOnFrame } from './frame-loop.ts';
import { metricsHistory } from './history.ts';
import type { Ring } from './ring.ts';

export interface ChartSeries {
  readonly label: string;
  /** Read anew at each sample. */
  readonly ring: () => Ring;
  /** A colour of the stylesheet, e.g. `var(--accent)`. */
  readonly colour: string;
  readonly isDashed?: boolean;
}

export interface TimeChartProps {
  /** What is shown, for everybody: it stands above the chart and names it. */
  title: string;
  /** Kept by the caller from one rendering to the next: another array makes another chart. */
  series: readonly ChartSeries[];
  format: (value: number) => string;
  height: number;
}

const axisFont = '10px ui-sans-serif, system-ui, sans-serif';

/** The last minute of one or more series over a time axis, with the values under the pointer. Drawn outside React. */
export function TimeChart({ title, series, format, height }: TimeChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<UPlot>(null);
  const drawnSamples = useRef(-1);

  useEffect(() => {
    const element = place.current!;
    const draw = (): void => {
      chart.current?.destroy();
      const width = Math.max(120, Math.floor(element.clientWidth));
      chart.current = new UPlot(
        chartOptions(series, format, width, height),
        alignSeries(
          metricsHistory.clients.atMs,
          series.map(({ ring }) => ring()),
        ),
        element,
      );
    };
    draw();
    const stopTheme = onThemeChange(draw);
    const observer = new ResizeObserver(([entry]) => {
      const width = Math.floor(entry?.contentRect.width ?? 0);
      if (width > 0 && width !== chart.current?.width) chart.current?.setSize({ width, height });
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      stopTheme();
      chart.current?.destroy();
      chart.current = null;
    };
  }, [series, format, height]);

  useOnFrame(() => {
    if (drawnSamples.current === metricsHistory.samples) return;
    drawnSamples.current = metricsHistory.samples;
    chart.current?.setData(
      alignSeries(
        metricsHistory.clients.atMs,
        series.map(({ ring }) => ring()),
      ),
    );
  });

  return (
    <figure className="time-chart">
      <figcaption>{title}</figcaption>
      <div ref={place} />
    </figure>
  );
}

function chartOptions(
  series: readonly ChartSeries[],
  format: (value: number) => string,
  width: number,
  height: number,
): UPlot.Options {
  const [text, line] = [resolveColour('var(--muted)'), resolveColour('var(--line)')];
  const axis = { stroke: text, font: axisFont, ticks: { show: false }, grid: { stroke: line, width: 1 } };
  return {
    width,
    height,
    padding: [6, 4, 0, 0],
    cursor: { sync: { key: 'server' }, drag: { x: false, y: false }, points: { size: 5 } },
    legend: { live: true },
    scales: { y: { range: (_, __, most) => [0, most > 0 ? most * 1.15 : 1] } },
    axes: [
      { ...axis, size: 20, space: 70, grid: { show: false } },
      {
        ...axis,
        size: 40,
        space: 24,
        values: (_, ticks) => ticks.map((tick) => (tick === 0 ? '0' : format(tick))),
      },
    ],
    series: [
      { value: (_, at) => (at === null ? '' : new Date(at * 1_000).toLocaleTimeString('en-GB')) },
      ...series.map(({ label, colour, isDashed }) => ({
        label,
        stroke: resolveColour(colour),
        width: 1.5,
        points: { show: false },
        ...(isDashed && { dash: [4, 3] }),
        value: (_: UPlot, value: number | null, __: number, at: number | null) =>
          at === null ? '' : value === null ? '–' : format(value),
      })),
    ],
  };
}
