import type { StrategyKind } from '@shared/catalog/strategies.ts';
import type { RouteConfig } from '@shared/config/schema.ts';
import type { Exchange } from '../exchange.ts';
import { DecisionRecord, emptyRoster, figuresPerServer, type Roster } from './decision.ts';
import { emptyAttempt, emptyRequest, type KeptRequest } from './kept-request.ts';

const idAt = 0;
const startedAt = 1;
const endedAt = 2;
const startedEpochAt = 3;
const attemptStartedAt = 4;
const attemptEndedAt = 5;
/** What the client got, and what the server said, in one. */
const statusesAt = 6;
const requestBytesAt = 7;
const responseBytesAt = 8;
/** Place in its batch, and size of that, in one. */
const batchAt = 9;
const pickAt = 10;
const queuedMsAt = 11;
const pickedAt = 12;
/** Written of requests that `hash` led alone. */
const keyBitsAt = 13;
const serversAt = 14;
/** More than there are statuses, and more than a batch has places. */
const apart = 65_536;

const idPrefixAt = 0;
const listenerAt = 1;
const clientAt = 2;
const methodAt = 3;
const targetAt = 4;
const textsPerRequest = 5;

const leastPlaces = 64;
/** What a row holds of one server: a word of facts and its figures, four bytes each. */
const wordsPerServer = 1 + figuresPerServer;

/**
 * Requests of which nothing is to be told but that the first server they were led to answered: nearly all of them. Each is a row of
 * numbers, one behind the other in memory, because this is written for every request: as an object of its own, with one for
 * its attempt and one for its decision, each would cost a dozen lines of cold memory and the collector's notes of every reference. Texts
 * are kept by reference, and written only where they differ from those of the request that had the place before.
 */
export class PlainRequests {
  #places = 0;
  /** Most servers that a row has room for. */
  #servers = 0;
  #stride = serversAt;
  #numbers = new Float64Array();
  /** The same memory, for the end of each row: the facts of every server there is room for, and then their figures. */
  #facts = new Int32Array();
  #figures = new Float32Array();
  #texts: string[] = [];
  #rosters: Roster[] = [];
  #strategies: StrategyKind[] = [];
  #routes: (RouteConfig | null)[] = [];

  /**
   * Writes a request at a place; false where there is more to tell of it than fits here, and nothing was written.
   *
   * @param place from 0; not beyond the first that was never used
   * @param ended clock's `now()`
   */
  keep(place: number, exchange: Exchange, ended: number): boolean {
    if (exchange.attemptCount !== 1 || exchange.error !== null || exchange.status >= 500) return false;
    const attempt = exchange.attempts[0]!;
    const { decision } = attempt;
    if (attempt.outcome !== 'responded' || attempt.detail !== null || attempt.sentApart !== null)
      return false;
    if (exchange.stop !== null) return false;
    if (decision === null || decision.lastResort !== null || decision.panicReady + decision.poolLimit !== 0)
      return false;
    if (decision.affinity !== null || decision.affinityCause !== null) return false;
    const { roster } = decision;
    if (place >= this.#places || roster.ids.length > this.#servers) this.#grow(place, roster.ids.length);

    const numbers = this.#numbers;
    const at = place * this.#stride;
    numbers[at + idAt] = exchange.id;
    numbers[at + startedAt] = exchange.startedAt;
    numbers[at + endedAt] = ended;
    numbers[at + startedEpochAt] = exchange.startedEpoch;
    numbers[at + attemptStartedAt] = attempt.startedAt;
    numbers[at + attemptEndedAt] = attempt.endedAt;
    numbers[at + statusesAt] = exchange.status * apart + attempt.status;
    numbers[at + requestBytesAt] = exchange.requestBytes;
    numbers[at + responseBytesAt] = exchange.responseBytes;
    numbers[at + batchAt] = attempt.batchPlace * apart + attempt.batchSize;
    numbers[at + pickAt] = decision.pick;
    numbers[at + queuedMsAt] = decision.queuedMs;
    numbers[at + pickedAt] = decision.strategyAsked ? decision.picked : -1 - decision.picked;
    if (decision.strategy === 'hash') numbers[at + keyBitsAt] = decision.keyBits;
    const servers0 = (at + serversAt) * 2;
    decision.copyTo(this.#facts, servers0, this.#figures, servers0 + this.#servers);

    const first = place * textsPerRequest;
    this.#keepText(first + idPrefixAt, exchange.idPrefix);
    this.#keepText(first + listenerAt, exchange.listener);
    this.#keepText(first + clientAt, exchange.facts === null ? '' : exchange.facts.clientAddress);
    this.#keepText(first + methodAt, exchange.method);
    this.#keepText(first + targetAt, exchange.target);
    if (this.#rosters[place] !== roster) this.#rosters[place] = roster;
    if (this.#strategies[place] !== decision.strategy) this.#strategies[place] = decision.strategy;
    if (this.#routes[place] !== exchange.route) this.#routes[place] = exchange.route;
    return true;
  }

  /** Of the request at this place. */
  poolOf(place: number): string {
    return this.#rosters[place]!.pool;
  }

  /** Clock's `now()`. */
  endedAtOf(place: number): number {
    return this.#numbers[place * this.#stride + endedAt]!;
  }

  /** Id. */
  serverOf(place: number): string {
    return this.#rosters[place]!.ids[this.#pickedOf(place)] ?? '';
  }

  /** The same as an object. */
  read(place: number): KeptRequest {
    const numbers = this.#numbers.subarray(place * this.#stride, (place + 1) * this.#stride);
    const texts = this.#texts.slice(place * textsPerRequest, (place + 1) * textsPerRequest);
    const number = (at: number): number => numbers[at]!;
    const attempt = emptyAttempt();
    attempt.server = this.serverOf(place);
    attempt.startedAfterMs = number(attemptStartedAt) - number(startedAt);
    attempt.durationMs = number(attemptEndedAt) - number(attemptStartedAt);
    attempt.status = number(statusesAt) % apart;
    attempt.batchPlace = Math.floor(number(batchAt) / apart);
    attempt.batchSize = number(batchAt) % apart;
    return {
      ...emptyRequest(),
      id: number(idAt),
      idPrefix: texts[idPrefixAt]!,
      endedAt: number(endedAt),
      atMs: number(startedEpochAt),
      durationMs: number(endedAt) - number(startedAt),
      listener: texts[listenerAt]!,
      route: this.#routes[place]!,
      pool: this.poolOf(place),
      client: texts[clientAt]!,
      method: texts[methodAt]!,
      target: texts[targetAt]!,
      status: Math.floor(number(statusesAt) / apart),
      requestBytes: number(requestBytesAt),
      responseBytes: number(responseBytesAt),
      attemptCount: 1,
      attempts: [attempt],
    };
  }

  /** The decision of the request at this place, which `read` leaves out. */
  decisionOf(place: number): DecisionRecord {
    const numbers = this.#numbers.subarray(place * this.#stride, (place + 1) * this.#stride);
    const record = new DecisionRecord();
    record.begin(this.#rosters[place]!, this.#strategies[place]!);
    record.pick = numbers[pickAt]!;
    record.picked = this.#pickedOf(place);
    record.strategyAsked = numbers[pickedAt]! >= 0;
    record.queuedMs = numbers[queuedMsAt]!;
    record.keyBits = numbers[keyBitsAt]!;
    const servers0 = (place * this.#stride + serversAt) * 2;
    record.copyFrom(this.#facts, servers0, this.#figures, servers0 + this.#servers);
    return record;
  }

  /** Moves what is at these places to the first ones, in this order; everything else is forgotten. */
  rearrange(places: readonly number[]): void {
    const from = { words: this.#facts, texts: this.#texts, rosters: this.#rosters };
    const strategies = this.#strategies;
    const routes = this.#routes;
    this.#allocate(places.length);
    this.#texts = [];
    this.#rosters = [];
    this.#strategies = [];
    this.#routes = [];
    for (const [index, place] of places.entries()) {
      // Where something else is kept there may be no row.
      const width = this.#stride * 2;
      this.#facts.set(from.words.subarray(place * width, (place + 1) * width), index * width);
      for (let text = 0; text < textsPerRequest; text++)
        this.#texts.push(from.texts[place * textsPerRequest + text] ?? '');
      this.#rosters.push(from.rosters[place] ?? emptyRoster);
      this.#strategies.push(strategies[place] ?? 'round-robin');
      this.#routes.push(routes[place] ?? null);
    }
  }

  #pickedOf(place: number): number {
    const picked = this.#numbers[place * this.#stride + pickedAt]!;
    return picked < 0 ? -1 - picked : picked;
  }

  #keepText(at: number, text: string): void {
    if (this.#texts[at] !== text) this.#texts[at] = text;
  }

  #allocate(places: number): void {
    const buffer = new ArrayBuffer(places * this.#stride * 8);
    this.#places = places;
    this.#numbers = new Float64Array(buffer);
    this.#facts = new Int32Array(buffer);
    this.#figures = new Float32Array(buffer);
  }

  /** Makes room for more rows, twice as many each time, or for wider ones. */
  #grow(place: number, servers: number): void {
    const before = {
      numbers: this.#numbers,
      facts: this.#facts,
      stride: this.#stride,
      places: this.#places,
      servers: this.#servers,
    };
    this.#servers = Math.max(this.#servers, servers);
    this.#stride = serversAt + Math.ceil((this.#servers * wordsPerServer) / 2);
    let places = before.places;
    while (places <= place) places = Math.max(leastPlaces, places * 2);
    this.#allocate(places);
    for (let row = 0; row < before.places; row++) {
      const from = row * before.stride;
      const to = row * this.#stride;
      this.#numbers.set(before.numbers.subarray(from, from + serversAt), to);
      // As words: a figure copied as a number might not keep its bits.
      const words = (from + serversAt) * 2;
      const figures = words + before.servers;
      this.#facts.set(before.facts.subarray(words, figures), (to + serversAt) * 2);
      this.#facts.set(
        before.facts.subarray(figures, figures + before.servers * figuresPerServer),
        (to + serversAt) * 2 + this.#servers,
      );
    }
    // Of places where something else was kept there is nothing here yet.
    while (this.#rosters.length < this.#places) {
      this.#rosters.push(emptyRoster);
      this.#strategies.push('round-robin');
      this.#routes.push(null);
      for (let text = 0; text < textsPerRequest; text++) this.#texts.push('');
    }
  }
}
