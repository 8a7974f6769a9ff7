/* biome-ignore-all lint/a11y/useSemanticElements: rows are placed by hand, which table layout does not allow; the roles say what they are */
import './data-grid.css';
import {
  type CSSProperties,
  type KeyboardEvent,
  memo,
  type ReactNode,
  useCallback,
  useEffect,
  useId,
  useLayoutEffect,
  useRef,
  useState,
} from 'react';
import { Icon } from './icon.tsx';
import { rowAfterKey, scrollToShow, visibleRows } from './visible-rows.ts';

export interface GridColumn<R> {
  readonly id: string;
  readonly label: string;
  /** The label is for those who hear it: the cells need no title. */
  readonly labelHidden?: boolean;
  /** A CSS grid track: `90px`, `minmax(0, 1fr)`. */
  readonly width: string;
  readonly align?: 'end';
  /** Left out where the grid is narrower than this, in pixels. */
  readonly hideBelow?: number;
  readonly sortable?: boolean;
  readonly cell: (row: R) => ReactNode;
}

export interface GridSort {
  readonly column: string;
  readonly direction: 'ascending' | 'descending';
}

export interface DataGridProps<R> {
  readonly label: string;
  readonly columns: readonly GridColumn<R>[];
  readonly rows: readonly R[];
  readonly rowKey: (row: R) => string;
  readonly rowHeight?: number;
  /** The head is for the eye only where the cells speak for themselves. */
  readonly headHidden?: boolean;
  readonly selectedKey?: string | undefined;
  /** By a press, Enter, or by walking there with the arrow keys. */
  readonly onSelect: (row: R) => void;
  /** Delete was pressed on a row. */
  readonly onDelete?: (row: R) => void;
  /** A class for a row that must stand out. */
  readonly rowTone?: (row: R) => string | undefined;
  readonly sort?: GridSort;
  readonly onSort?: (sort: GridSort) => void;
  /** Whether somebody is reading: the pointer is on the rows, they are scrolled, or walked with the keyboard. */
  readonly onReading?: (isReading: boolean) => void;
  /** Changes when reading is over for the owner: back to the top, no row walked to. */
  readonly resetKey?: unknown;
  readonly empty?: ReactNode;
}

/**
 * A table of any length in which only the rows in sight exist. Rows have one height; the arrow keys walk them (one stop
 * for Tab, as the grid pattern of ARIA asks). Made for lists that change several times a second.
 */
export function DataGrid<R>(props: DataGridProps<R>) {
  const { label, columns, rows, rowKey, rowHeight = 30, selectedKey, onSelect, onDelete, onReading } = props;
  const id = useId();
  const scroller = useRef<HTMLDivElement>(null);
  const [viewport, setViewport] = useState({ top: 0, width: 1_000, height: 600 });
  const [activeKey, setActiveKey] = useState<string | undefined>(undefined);
  const [isHovered, setHovered] = useState(false);
  const [hasFocus, setFocus] = useState(false);
  /** The ring is for those who walk by keys; a press gives the focus as well. */
  const [byKeys, setByKeys] = useState(false);
  const isPressing = useRef(false);
  const headHeight = props.headHidden ? 0 : 30;
  const bodyHeight = Math.max(rowHeight, viewport.height - headHeight);

  useLayoutEffect(() => {
    const element = scroller.current!;
    const measure = () =>
      setViewport({
        top: Math.floor(element.scrollTop / rowHeight) * rowHeight,
        width: element.clientWidth,
        height: element.clientHeight,
      });
    const observer = new ResizeObserver(() => element.clientHeight > 0 && measure());
    observer.observe(element);
    return () => {
      observer.disconnect();
      // A screen that is hidden under the pointer never hears that the pointer has left.
      setHovered(false);
    };
  }, [rowHeight]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new key is the owner's word that reading is over
  useEffect(() => {
    setActiveKey(undefined);
    scroller.current?.scrollTo({ top: 0 });
  }, [props.resetKey]);

  const isReading =
    isHovered || viewport.top > rowHeight / 2 || (hasFocus && activeKey !== undefined && rows.length > 0);
  useEffect(() => onReading?.(isReading), [isReading, onReading]);

  const walk = (event: KeyboardEvent<HTMLDivElement>): void => {
    if (event.target !== event.currentTarget || event.altKey || event.metaKey || event.ctrlKey) return;
    const index = activeKey === undefined ? -1 : rows.findIndex((row) => rowKey(row) === activeKey);
    const active = rows[index];
    if (active !== undefined && (event.key === 'Enter' || event.key === ' ')) {
      event.preventDefault();
      onSelect(active);
    } else if (active !== undefined && onDelete && (event.key === 'Delete' || event.key === 'Backspace')) {
      event.preventDefault();
      onDelete(active);
    } else if (event.key === 'Escape') setActiveKey(undefined);
    const next = rowAfterKey(event.key, index, rows.length, Math.floor(bodyHeight / rowHeight) - 1);
    if (next === undefined) return;
    event.preventDefault();
    const element = scroller.current!;
    element.scrollTop = scrollToShow(next, element.scrollTop, bodyHeight, rowHeight);
    const row = rows[next]!;
    setActiveKey(rowKey(row));
    onSelect(row);
  };

  const press = useCallback(
    (row: R) => {
      setActiveKey(rowKey(row));
      onSelect(row);
    },
    [rowKey, onSelect],
  );

  const shown = columns.filter(({ hideBelow = 0 }) => viewport.width >= hideBelow);
  const { first, end } = visibleRows(viewport.top, bodyHeight, rowHeight, rows.length);
  const activeIsShown = rows.slice(first, end).some((row) => rowKey(row) === activeKey);
  const style = { '--columns': shown.map(({ width }) => width).join(' ') } as CSSProperties;
  return (
    <div
      ref={scroller}
      className="data-grid"
      style={style}
      role="grid"
      aria-label={label}
      aria-rowcount={rows.length + 1}
      aria-colcount={shown.length}
      aria-activedescendant={activeIsShown ? `${id}${activeKey}` : undefined}
      data-keys={(hasFocus && byKeys) || undefined}
      tabIndex={0}
      onKeyDown={(event) => {
        setByKeys(true);
        walk(event);
      }}
      onMouseDownCapture={() => {
        isPressing.current = true;
        setByKeys(false);
      }}
      onMouseUpCapture={() => {
        isPressing.current = false;
      }}
      onScroll={({ currentTarget: { scrollTop } }) =>
        setViewport((before) => {
          // Between two rows nothing changes: do not render for every pixel.
          const top = Math.floor(scrollTop / rowHeight) * rowHeight;
          return before.top === top ? before : { ...before, top };
        })
      }
      onFocus={() => {
        setFocus(true);
        setByKeys(!isPressing.current);
      }}
      onBlur={({ currentTarget, relatedTarget }) =>
        setFocus(relatedTarget instanceof Node && currentTarget.contains(relatedTarget))
      }
    >
      <Head columns={shown} isHidden={props.headHidden ?? false} sort={props.sort} onSort={props.onSort} />
      {rows.length === 0 && props.empty}
      <div
        className="data-grid-body"
        role="presentation"
        style={{ height: rows.length * rowHeight }}
        onPointerEnter={() => setHovered(true)}
        onPointerLeave={() => setHovered(false)}
      >
        {rows.slice(first, end).map((row, offset) => {
          const key = rowKey(row);
          return (
            <MemoRow<R>
              key={key}
              id={`${id}${key}`}
              row={row}
              index={first + offset}
              height={rowHeight}
              columns={columns}
              width={viewport.width}
              tone={props.rowTone?.(row)}
              isSelected={key === selectedKey}
              isActive={key === activeKey}
              onPress={press}
            />
          );
        })}
      </div>
    </div>
  );
}

interface HeadProps<R> {
  columns: readonly GridColumn<R>[];
  isHidden: boolean;
  sort: GridSort | undefined;
  onSort: ((sort: GridSort) => void) | undefined;
}

function Head<R>({ columns, isHidden, sort, onSort }: HeadProps<R>) {
  return (
    <div
      className={isHidden ? 'visually-hidden' : 'data-grid-head'}
      role="row"
      aria-rowindex={1}
      tabIndex={-1}
    >
      {columns.map((column) => {
        const isSorted = sort?.column === column.id;
        const descending = isSorted && sort.direction === 'descending';
        return (
          <span
            key={column.id}
            role="columnheader"
            tabIndex={-1}
            className={column.align}
            {...(column.sortable && {
              'aria-sort': isSorted ? (descending ? 'descending' : 'ascending') : 'none',
            })}
          >
            {column.sortable && onSort ? (
              <button
                type="button"
                onClick={() =>
                  onSort({ column: column.id, direction: descending ? 'ascending' : 'descending' })
                }
              >
                {column.label}
                {isSorted && <Icon name={descending ? 'chevronDown' : 'chevronUp'} size={11} />}
              </button>
            ) : (
              <span className={column.labelHidden ? 'visually-hidden' : undefined}>{column.label}</span>
            )}
          </span>
        );
      })}
    </div>
  );
}

interface RowProps<R> {
  id: string;
  row: R;
  index: number;
  height: number;
  columns: readonly GridColumn<R>[];
  width: number;
  tone: string | undefined;
  isSelected: boolean;
  isActive: boolean;
  onPress: (row: R) => void;
}

function Row<R>({
  id,
  row,
  index,
  height,
  columns,
  width,
  tone,
  isSelected,
  isActive,
  onPress,
}: RowProps<R>) {
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are handled by the grid, the one stop for Tab
    <div
      id={id}
      className={`data-grid-row ${tone ?? ''}`}
      role="row"
      tabIndex={-1}
      aria-rowindex={index + 2}
      aria-selected={isSelected}
      data-active={isActive || undefined}
      style={{ transform: `translateY(${index * height}px)`, height }}
      onMouseDown={(event) => {
        // The grid itself keeps the focus; a button within the row still takes it.
        if (!(event.target instanceof Element) || event.target.closest('button')) return;
        event.currentTarget.closest<HTMLElement>('[role=grid]')?.focus({ preventScroll: true });
        if (!event.shiftKey) event.preventDefault();
      }}
      onClick={(event) => {
        if (event.target instanceof Element && event.target.closest('button')) return;
        onPress(row);
      }}
    >
      {columns
        .filter(({ hideBelow = 0 }) => width >= hideBelow)
        .map((column) => (
          <span key={column.id} role="gridcell" tabIndex={-1} className={column.align}>
            {column.cell(row)}
          </span>
        ))}
    </div>
  );
}
const MemoRow = memo(Row) as typeof Row;
