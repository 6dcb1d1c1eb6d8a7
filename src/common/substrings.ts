const root = 0;
const none = -1;

/**
 * Finds where many patterns stand in one text, in time that grows with the text and the patterns alone, however often they
 * occur and overlap; memory grows with the text alone. A suffix automaton (Blumer et al., 1985) of the text: each of its states
 * stands for substrings that end at the same places; a pattern is walked through it character by character.
 */
export class Substrings {
  /** Per state: length of its longest substring, and the state of the longest suffix that also ends elsewhere. */
  private readonly length: Int32Array;
  private readonly link: Int32Array;
  /** Per state: the longest pattern that ends where it ends; the same of a pattern's beginning that a cut ends. */
  private readonly whole: Int32Array;
  private readonly begun: Int32Array;
  /** The state of the text up to each of its characters. */
  private readonly prefixes: Int32Array;
  private readonly next: Transitions;
  private states = 1;
  /** Of each beginning of the text: how long its longest border is (Knuth, Morris and Pratt). */
  private readonly borders: Int32Array;
  /** The least that must be left of a pattern that was cut at the start. */
  private readonly head: string;
  private cutAtStart = 0;

  /** @param minCut how much of a cut pattern must be there to be found */
  constructor(
    private readonly text: string,
    private readonly minCut: number,
  ) {
    const size = 2 * text.length + 2;
    this.length = new Int32Array(size);
    this.link = new Int32Array(size).fill(none);
    this.whole = new Int32Array(size);
    this.begun = new Int32Array(size);
    this.prefixes = new Int32Array(text.length);
    this.next = new Transitions(3 * text.length + 4);
    let last = root;
    for (let at = 0; at < text.length; at++) this.prefixes[at] = last = this.extend(last, text.charCodeAt(at));
    this.borders = bordersOf(text);
    this.head = text.slice(0, minCut);
  }

  /** Looks for a pattern, and for the ends of it that a cut may have left. */
  add(pattern: string): void {
    if (pattern === '') return;
    let state = root;
    let walked = 0;
    for (; walked < pattern.length; walked++) {
      const follower = this.next.get(state, pattern.charCodeAt(walked));
      if (follower === none) break;
      state = follower;
      if (walked + 1 >= this.minCut) this.raise(this.begun, state, walked + 1);
    }
    if (walked === pattern.length) this.raise(this.whole, state, walked);
    this.addEnding(pattern);
  }

  /**
   * The places that were found, each as its start and its end, in no order; they may overlap.
   * @param cuts where the text, or a part of it, may have been cut: positions after what was kept
   */
  *places(cuts: readonly number[]): Generator<[start: number, end: number]> {
    // A suffix is shorter than what it is the suffix of, and comes first.
    for (const state of this.byLength()) {
      const suffix = at(this.link, state);
      if (suffix === none) continue;
      this.raise(this.whole, state, at(this.whole, suffix));
      this.raise(this.begun, state, at(this.begun, suffix));
    }
    for (const [index, state] of this.prefixes.entries()) {
      const length = at(this.whole, state);
      if (length > 0) yield [index + 1 - length, index + 1];
    }
    for (const cut of cuts) {
      const length = cut > 0 ? at(this.begun, at(this.prefixes, cut - 1)) : 0;
      if (length > 0) yield [cut - length, cut];
    }
    if (this.cutAtStart > 0) yield [0, this.cutAtStart];
  }

  /** All states, those of short substrings first: a counting sort. */
  private byLength(): Int32Array {
    const starts = new Int32Array(this.text.length + 2);
    for (let state = 0; state < this.states; state++) increment(starts, at(this.length, state) + 1, 1);
    for (let length = 1; length < starts.length; length++) increment(starts, length, at(starts, length - 1));
    const order = new Int32Array(this.states);
    for (let state = 0; state < this.states; state++) {
      const length = at(this.length, state);
      order[at(starts, length)] = state;
      increment(starts, length, 1);
    }
    return order;
  }

  /** The longest ending of the pattern that the text begins with. */
  private addEnding(pattern: string): void {
    // Most patterns are done with here, by a search that the runtime does fast.
    if (this.head.length < this.minCut || !pattern.includes(this.head)) return;
    let matched = 0;
    for (let index = Math.max(1, pattern.length - this.text.length); index < pattern.length; index++) {
      const code = pattern.charCodeAt(index);
      while (matched > 0 && (matched === this.text.length || this.text.charCodeAt(matched) !== code))
        matched = at(this.borders, matched - 1);
      if (matched < this.text.length && this.text.charCodeAt(matched) === code) matched++;
    }
    if (matched >= this.minCut) this.cutAtStart = Math.max(this.cutAtStart, matched);
  }

  private raise(lengths: Int32Array, state: number, length: number): void {
    if (length > at(lengths, state)) lengths[state] = length;
  }

  /** One more character at the end of the text. */
  private extend(last: number, code: number): number {
    const state = this.states++;
    this.length[state] = at(this.length, last) + 1;
    let from = last;
    while (from !== none && this.next.get(from, code) === none) {
      this.next.set(from, code, state);
      from = at(this.link, from);
    }
    if (from === none) this.link[state] = root;
    else this.link[state] = this.split(from, code);
    return state;
  }

  /** The state of exactly what `from` stands for and the character. */
  private split(from: number, code: number): number {
    const old = this.next.get(from, code);
    const length = at(this.length, from) + 1;
    if (at(this.length, old) === length) return old;
    const copy = this.states++;
    this.length[copy] = length;
    this.link[copy] = at(this.link, old);
    this.link[old] = copy;
    this.next.copy(old, copy);
    for (let each = from; each !== none && this.next.get(each, code) === old; each = at(this.link, each))
      this.next.set(each, code, copy);
    return copy;
  }
}

/** Which state follows on a state by a character: a hash table, and for each state the list of its entries. */
class Transitions {
  private readonly states: Int32Array;
  private readonly codes: Uint16Array;
  private readonly followers: Int32Array;
  private readonly newer: Int32Array;
  private readonly newest: Int32Array;
  private readonly mask: number;

  constructor(most: number) {
    const size = 2 ** Math.ceil(Math.log2(2 * most));
    this.mask = size - 1;
    this.states = new Int32Array(size).fill(none);
    this.codes = new Uint16Array(size);
    this.followers = new Int32Array(size);
    this.newer = new Int32Array(size);
    this.newest = new Int32Array(most).fill(none);
  }

  get(state: number, code: number): number {
    const slot = this.slot(state, code);
    return at(this.states, slot) === none ? none : at(this.followers, slot);
  }

  set(state: number, code: number, follower: number): void {
    const slot = this.slot(state, code);
    if (at(this.states, slot) === none) {
      this.states[slot] = state;
      this.codes[slot] = code;
      this.newer[slot] = at(this.newest, state);
      this.newest[state] = slot;
    }
    this.followers[slot] = follower;
  }

  copy(from: number, to: number): void {
    for (let slot = at(this.newest, from); slot !== none; slot = at(this.newer, slot))
      this.set(to, at(this.codes, slot), at(this.followers, slot));
  }

  /** Where it stands, or is to stand. */
  private slot(state: number, code: number): number {
    let slot = (Math.imul(state, 0x9e3779b1) ^ Math.imul(code, 0x85ebca6b)) >>> 0;
    slot = (slot ^ (slot >>> 15)) & this.mask;
    while (at(this.states, slot) !== none && (at(this.states, slot) !== state || at(this.codes, slot) !== code))
      slot = (slot + 1) & this.mask;
    return slot;
  }
}

function bordersOf(text: string): Int32Array {
  const borders = new Int32Array(text.length);
  let border = 0;
  for (let index = 1; index < text.length; index++) {
    while (border > 0 && text.charCodeAt(border) !== text.charCodeAt(index)) border = at(borders, border - 1);
    if (text.charCodeAt(border) === text.charCodeAt(index)) border++;
    borders[index] = border;
  }
  return borders;
}

/** An element that is there. */
function at(numbers: Int32Array | Uint16Array, index: number): number {
  return numbers[index] ?? 0;
}

function increment(numbers: Int32Array, index: number, by: number): void {
  numbers[index] = at(numbers, index) + by;
}
