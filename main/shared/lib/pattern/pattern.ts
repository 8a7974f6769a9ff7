import {
  type Assertion,
  type CharRanges,
  PatternError,
  type PatternNode,
  parsePattern,
} from './parse-pattern.ts';

/** A regular expression that is searched for in one pass over the text, in time proportional to its length. */
export interface Pattern {
  /** Whether it occurs anywhere in the text; null where finding out would take too long, which only few expressions do on few texts. */
  isIn(text: string): boolean | null;
}

/** One step of the machine: a character of these ranges, a condition, two ways on, or found. */
type Step =
  | { readonly kind: 'char'; readonly ranges: CharRanges }
  | { readonly kind: 'assert'; readonly assertion: Assertion }
  | { readonly kind: 'split'; first: number; second: number }
  | { readonly kind: 'found' };

const mostSteps = 1_000;
/** States kept; an expression that needs more of them for a text only takes longer. */
const mostStates = 500;

/** Steps looked at in one search, beyond what states that are known save: about 50 ms. */
const mostWork = 300_000;

/** What stands beside a place in the text. */
type Beside = 'nothing' | 'newline' | 'word' | 'other';

interface State {
  /** Steps to be looked at, before ways on are followed. */
  readonly steps: readonly number[];
  readonly before: Beside;
  /** By class of the next character; 0: not known yet. The last one stands for the end of the text. */
  readonly next: (State | typeof found | undefined)[];
}
const found = Symbol('found');

/**
 * Compiles an expression: Thompson's construction, run as an automaton whose states are made when first needed, as RE2 does.
 *
 * @throws PatternError where it is none, or one that cannot be found in one pass; its message says what to write instead
 */
export function compilePattern(text: string): Pattern {
  const { root, multiline } = parsePattern(text);
  const steps: Step[] = [];
  emit(root, steps);
  add(steps, { kind: 'found' });
  return new Automaton(steps, multiline);
}

function add(steps: Step[], step: Step): number {
  if (steps.length >= mostSteps) throw new PatternError('it is too large; write fewer or smaller repeats');
  steps.push(step);
  return steps.length - 1;
}

/** Appends the steps of a node; what follows it is what is appended next. */
function emit(node: PatternNode, steps: Step[]): void {
  switch (node.kind) {
    case 'char':
    case 'assert':
      add(steps, node);
      return;
    case 'sequence':
      for (const part of node.parts) emit(part, steps);
      return;
    case 'choice': {
      const ends: Extract<Step, { kind: 'split' }>[] = [];
      for (const [index, branch] of node.branches.entries()) {
        const isLast = index === node.branches.length - 1;
        const split = isLast ? null : splitTo(steps);
        emit(branch, steps);
        if (split === null) break;
        ends.push(splitTo(steps));
        split.second = steps.length;
      }
      for (const end of ends) end.first = end.second = steps.length;
      return;
    }
    case 'repeat': {
      for (let time = 0; time < node.least; time++) emit(node.of, steps);
      if (node.most === Number.POSITIVE_INFINITY) {
        const loop = splitTo(steps);
        const at = steps.length - 1;
        emit(node.of, steps);
        const back = splitTo(steps);
        back.first = back.second = at;
        loop.second = steps.length;
        return;
      }
      const exits: Extract<Step, { kind: 'split' }>[] = [];
      for (let time = node.least; time < node.most; time++) {
        exits.push(splitTo(steps));
        emit(node.of, steps);
      }
      for (const exit of exits) exit.second = steps.length;
    }
  }
}

/** A split whose first way is the step behind it. */
function splitTo(steps: Step[]): Extract<Step, { kind: 'split' }> {
  const split: Step = { kind: 'split', first: 0, second: 0 };
  split.first = add(steps, split) + 1;
  return split;
}

class Automaton implements Pattern {
  readonly #steps: readonly Step[];
  readonly #multiline: boolean;
  /** First code unit of each class: those of one class are told apart by no step. */
  readonly #bounds: readonly number[];
  readonly #classOf = new Uint16Array(128);
  #states = new Map<string, State>();
  #work = 0;

  constructor(steps: readonly Step[], multiline: boolean) {
    this.#steps = steps;
    this.#multiline = multiline;
    const bounds = new Set([0, 10, 11, 48, 58, 65, 91, 95, 96, 97, 123]);
    for (const step of steps) {
      if (step.kind !== 'char') continue;
      for (const [from, to] of step.ranges) bounds.add(from).add(to + 1);
    }
    this.#bounds = [...bounds].sort((a, b) => a - b);
    for (let unit = 0; unit < 128; unit++) this.#classOf[unit] = this.#findClass(unit);
  }

  isIn(text: string): boolean | null {
    this.#work = 0;
    let state = this.#state([0], 'nothing');
    const atEnd = this.#bounds.length;
    for (let index = 0; index <= text.length; index++) {
      const unit = index === text.length ? -1 : text.charCodeAt(index);
      const each = unit < 0 ? atEnd : unit < 128 ? this.#classOf[unit]! : this.#findClass(unit);
      const next = state.next[each] ?? this.#move(state, each);
      if (next === found) return true;
      if (this.#work > mostWork) return null;
      state = next;
    }
    return false;
  }

  #findClass(unit: number): number {
    let low = 0;
    let high = this.#bounds.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.#bounds[middle]! <= unit) low = middle;
      else high = middle;
    }
    return low;
  }

  #move(state: State, each: number): State | typeof found {
    const unit = each === this.#bounds.length ? -1 : this.#bounds[each]!;
    const after = besideOf(unit);
    const seen = new Set<number>();
    const ahead = [...state.steps];
    const next = new Set<number>();
    while (ahead.length > 0) {
      const at = ahead.pop()!;
      if (seen.has(at)) continue;
      seen.add(at);
      this.#work += 1;
      const step = this.#steps[at]!;
      if (step.kind === 'found') {
        state.next[each] = found;
        return found;
      }
      if (step.kind === 'split') ahead.push(step.second, step.first);
      else if (step.kind === 'assert') {
        if (this.#holds(step.assertion, state.before, after)) ahead.push(at + 1);
      } else if (unit >= 0 && step.ranges.some(([from, to]) => unit >= from && unit <= to)) next.add(at + 1);
    }
    // It may begin anywhere.
    next.add(0);
    const result = this.#state(
      [...next].sort((a, b) => a - b),
      after,
    );
    state.next[each] = result;
    return result;
  }

  #holds(assertion: Assertion, before: Beside, after: Beside): boolean {
    switch (assertion) {
      case 'start':
        return before === 'nothing' || (this.#multiline && before === 'newline');
      case 'end':
        return after === 'nothing' || (this.#multiline && after === 'newline');
      case 'word-edge':
        return (before === 'word') !== (after === 'word');
      case 'no-word-edge':
        return (before === 'word') === (after === 'word');
    }
  }

  #state(steps: readonly number[], before: Beside): State {
    const key = `${before} ${steps.join()}`;
    const known = this.#states.get(key);
    if (known) return known;
    if (this.#states.size >= mostStates) this.#states = new Map();
    const state: State = { steps, before, next: [] };
    this.#states.set(key, state);
    return state;
  }
}

/** @param unit first code unit of a class; -1 for the end of the text */
function besideOf(unit: number): Beside {
  if (unit < 0) return 'nothing';
  if (unit === 10) return 'newline';
  const isWord =
    (unit >= 48 && unit <= 57) || (unit >= 65 && unit <= 90) || unit === 95 || (unit >= 97 && unit <= 122);
  return isWord ? 'word' : 'other';
}
