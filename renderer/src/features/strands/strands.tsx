import { type RefObject, useEffect, useMemo, useRef } from 'react';
import { invalidate, useOnFrame } from '../../metrics/frame-loop.ts';
import { metricsHistory } from '../../metrics/history.ts';
import { serverColour } from '../../store/colours.ts';
import { useConfig } from '../../store/config.ts';
import { layStrands, strandPath, strandWidth } from './strand-path.ts';

/** Moving highlights cost a repaint each frame: only where there are few. */
const liveliest = 10;

interface Strand {
  readonly key: string;
  readonly listener: string;
  readonly server: string;
  readonly colour: string;
}

/** A pool that several listeners lead to: what each of them sends is measured, but not which server it reaches. */
interface Trunk {
  readonly key: string;
  readonly listener: string;
  readonly pool: string;
}

/**
 * The traffic between listeners and servers, behind both: width is the rate, a dashed thread means that nothing flows. Places are
 * measured when the layout changes, widths follow the metrics; both bypass React.
 */
export function Strands({ container }: { container: RefObject<HTMLElement | null> }) {
  const svg = useRef<SVGSVGElement>(null);
  const places = useRef(new Map<string, Place>());
  const { listeners, pools, servers } = useConfig();

  const { strands, trunks, shared } = useMemo(() => {
    const strands: Strand[] = [];
    const trunks: Trunk[] = [];
    const shared = new Set<string>();
    for (const pool of Object.values(pools)) {
      const sources = Object.values(listeners).filter(({ routes }) =>
        routes.some((route) => route.pool === pool.name),
      );
      if (sources.length > 1) {
        shared.add(pool.name);
        for (const { name } of sources)
          trunks.push({ key: `${name}>${pool.name}`, listener: name, pool: pool.name });
      }
      if (sources.length === 0) continue;
      const listener = sources.length === 1 ? sources[0]!.name : '';
      for (const id of pool.serverIds)
        strands.push({ key: id, listener, server: id, colour: serverColour(servers[id]?.address ?? '') });
    }
    return { strands, trunks, shared };
  }, [listeners, pools, servers]);

  // Where things are: measured after layout, not in every frame.
  useEffect(() => {
    const area = container.current;
    if (!area) return;
    let asked = false;
    const measure = () => {
      asked = false;
      // Hidden with its screen: there is no place.
      places.current = area.offsetParent === null ? new Map() : findPlaces(area);
      invalidate();
    };
    const later = () => {
      if (asked) return;
      asked = true;
      requestAnimationFrame(measure);
    };
    const sizes = new ResizeObserver(later);
    const observe = () => {
      sizes.disconnect();
      sizes.observe(area);
      for (const element of area.querySelectorAll('[data-listener], [data-pool]')) sizes.observe(element);
      later();
    };
    const tree = new MutationObserver(observe);
    tree.observe(area, { childList: true, subtree: true });
    const scroller = area.closest('.screen');
    scroller?.addEventListener('scroll', later, { passive: true });
    observe();
    return () => {
      sizes.disconnect();
      tree.disconnect();
      scroller?.removeEventListener('scroll', later);
    };
  }, [container]);

  useOnFrame(() => {
    if (svg.current && places.current.size > 0) draw(svg.current, places.current, strands, trunks, shared);
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: other strands are to be drawn anew
  useEffect(invalidate, [strands, trunks]);

  return (
    <svg ref={svg} className="strands" aria-hidden="true" data-lively={strands.length <= liveliest}>
      {trunks.map(({ key }) => (
        <path key={key} data-strand={key} className="strand trunk" />
      ))}
      {strands.map(({ key, colour }) => (
        <g key={key} style={{ color: colour }}>
          <path data-strand={key} className="strand" />
          <path data-flow={key} className="flow" />
        </g>
      ))}
    </svg>
  );
}

interface Place {
  readonly x: number;
  readonly y: number;
}

/** Right edges of listeners (`listener:web`), left edges of pools at the height of each server (`server:api/api-1`) and of its head. */
function findPlaces(area: HTMLElement): Map<string, Place> {
  const places = new Map<string, Place>();
  const origin = area.getBoundingClientRect();
  for (const element of area.querySelectorAll<HTMLElement>('[data-listener]')) {
    const box = element.getBoundingClientRect();
    places.set(`listener:${element.dataset.listener}`, {
      x: box.right - origin.left,
      y: box.top + box.height / 2 - origin.top,
    });
  }
  for (const pool of area.querySelectorAll<HTMLElement>('[data-pool]')) {
    const edge = pool.getBoundingClientRect();
    const x = edge.left - origin.left;
    places.set(`pool:${pool.dataset.pool}`, { x, y: edge.top + edge.height / 2 - origin.top });
    for (const server of pool.querySelectorAll<HTMLElement>('[data-server]')) {
      const box = server.getBoundingClientRect();
      places.set(`server:${server.dataset.server}`, { x, y: box.top + box.height / 2 - origin.top });
    }
  }
  return places;
}

function draw(
  svg: SVGSVGElement,
  places: Map<string, Place>,
  strands: readonly Strand[],
  trunks: readonly Trunk[],
  shared: ReadonlySet<string>,
): void {
  const metrics = metricsHistory.latest;
  const paths = new Map<string, SVGPathElement>();
  for (const path of svg.querySelectorAll<SVGPathElement>('[data-strand]'))
    paths.set(path.dataset.strand!, path);
  const flows = new Map<string, SVGPathElement>();
  for (const path of svg.querySelectorAll<SVGPathElement>('[data-flow]')) flows.set(path.dataset.flow!, path);
  const rateOf = (id: string) => metrics?.servers[id]?.ratePerSecond ?? 0;

  const byOrigin = new Map<string, Strand[]>();
  for (const strand of strands) {
    const { listener, server } = strand;
    const origin =
      listener === '' ? `junction:${server.slice(0, server.indexOf('/'))}` : `listener:${listener}`;
    const group = byOrigin.get(origin);
    if (group) group.push(strand);
    else byOrigin.set(origin, [strand]);
  }
  for (const [origin, group] of byOrigin) {
    const from = origin.startsWith('junction:') ? junction(places, origin.slice(9)) : places.get(origin);
    const laid = layStrands(group.map(({ key, server }) => ({ key, rate: rateOf(server) })));
    for (const { key, width, offset } of laid) {
      const to = places.get(`server:${key}`);
      write(paths.get(key), from, to, offset, width, rateOf(key), flows.get(key));
    }
  }
  for (const { key, listener, pool } of trunks) {
    // Only a listener with one pool has a rate that is this trunk's own.
    const owns = trunks.filter((trunk) => trunk.listener === listener).length === 1 && shared.has(pool);
    const rate = owns ? (metrics?.listeners[listener]?.ratePerSecond ?? 0) : 0;
    const to = junction(places, pool);
    write(
      paths.get(key),
      places.get(`listener:${listener}`),
      to,
      0,
      owns ? strandWidth(rate) : 2,
      owns ? rate : 1,
    );
  }
}

/** Where the trunks of several listeners meet, before the pool. */
function junction(places: Map<string, Place>, pool: string): Place | undefined {
  const place = places.get(`pool:${pool}`);
  return place && { x: place.x - 34, y: place.y };
}

function write(
  path: SVGPathElement | undefined,
  from: Place | undefined,
  to: Place | undefined,
  offset: number,
  width: number,
  rate: number,
  flow?: SVGPathElement,
): void {
  if (!path) return;
  const d = from && to ? strandPath(from.x, from.y + offset, to.x, to.y) : '';
  set(path, 'd', d);
  set(path, 'stroke-width', width.toFixed(2));
  set(path, 'data-idle', String(!(rate > 0)));
  if (!flow) return;
  set(flow, 'd', d);
  set(flow, 'data-idle', String(!(rate > 0)));
  set(flow, 'stroke-width', Math.min(2.5, width * 0.5).toFixed(2));
}

/** Writing what is there already would still cost the browser a style pass. */
function set(element: Element, name: string, value: string): void {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}
