// Reads a line of `entries.jsonl` as every writer writes it, from its bytes: no text is made of what is only hashed.
//
// LIMIT: it knows one spelling. Of any other line it says nothing (null), and lines.js and leaf.js read that one and say what
// is wrong with it. It takes nothing that they refuse, and finds the same.
import { decode, encode, hex, latin1, Room, sha256, sha256Into } from "./bytes.js";
import { MAX_LEAF_BYTES, readDisclosure, readLeaf, typeOf } from "./leaf.js";
import { Refused } from "./refuse.js";

const [QUOTE, COMMA, SPACE, BACKSLASH, LIST, LIST_END, OBJECT, OBJECT_END, COLON, EQUALS, ZERO, NINE] = encode('", \\[]{}:=09');
const LINE_HEAD = encode('{"disclosures":['), BEFORE_INDEX = encode('],"index":"'), BEFORE_LEAF = encode('","leaf":"'), BEFORE_PATH = encode('","path":[');
const NULL_TEXT = encode("null"), SHORT_ESCAPED = encode('"\\/bfnrt');
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const URL_SAFE_LETTERS = encode(`${ALPHABET}-_`);
const NO_VALUE = 128;
const URL_SAFE_VALUES = valuesOf(`${ALPHABET}-_`), STANDARD_VALUES = valuesOf(`${ALPHABET}+/`);
/** Base64 of 32 bytes, unpadded; and the salt of a disclosure with what is around it. */
const LETTERS = 43, SALTED = 2 + LETTERS + 2;
const MOST_DIGITS = 15;

function valuesOf(letters) {
  const values = new Uint8Array(256).fill(NO_VALUE);
  for (const [value, letter] of encode(letters).entries()) values[letter] = value;
  return values;
}

/** Whether these bytes stand at this place. */
function standAt(line, at, wanted) {
  for (let each = 0; each < wanted.length; each++) if (line[at + each] !== wanted[each]) return false;
  return true;
}

/** Whether unpadded Base64 of 32 bytes stands at this place. */
function isOf32(line, at, values) {
  let seen = 0;
  for (let each = 0; each < LETTERS; each++) seen |= values[line[at + each]];
  return seen < NO_VALUE && (values[line[at + LETTERS - 1]] & 3) === 0;
}

/** Write what Base64 between these places stands for; where that ends, or -1 if it is none. */
function writeDecoded(line, from, to, values, out, place) {
  let [seen, at, end] = [0, from, place];
  for (; at + 4 <= to; at += 4, end += 3) {
    const [one, two, three, four] = [values[line[at]], values[line[at + 1]], values[line[at + 2]], values[line[at + 3]]];
    seen |= one | two | three | four;
    out[end] = (one << 2) | (two >> 4);
    out[end + 1] = (two << 4) | (three >> 2);
    out[end + 2] = (three << 6) | four;
  }
  const rest = to - at;
  if (rest === 1) return -1;
  if (rest) {
    const [one, two, three] = [values[line[at]], values[line[at + 1]], rest === 3 ? values[line[at + 2]] : 0];
    seen |= one | two | three;
    // the bits of the last letter that no byte needs are zero
    if ((rest === 3 ? three & 3 : two & 15) !== 0) return -1;
    out[end++] = (one << 2) | (two >> 4);
    if (rest === 3) out[end++] = (two << 4) | (three >> 2);
  }
  return seen < NO_VALUE ? end : -1;
}

/** Write what is before the value of a name in an object: with its bracket for the first, with a comma for each other. */
function writeName(letters, out, place) {
  let end = place;
  out[end++] = place ? COMMA : OBJECT;
  out[end++] = QUOTE;
  for (let at = 0; at < letters.length; at++) out[end++] = letters[at];
  out[end++] = QUOTE;
  out[end++] = COLON;
  return end;
}

/** Write 32 bytes as unpadded base64url. */
function writeUrlSafe(digest, out, place) {
  let end = place;
  for (let at = 0; at < 30; at += 3) {
    const three = (digest[at] << 16) | (digest[at + 1] << 8) | digest[at + 2];
    out[end++] = URL_SAFE_LETTERS[three >> 18];
    out[end++] = URL_SAFE_LETTERS[(three >> 12) & 63];
    out[end++] = URL_SAFE_LETTERS[(three >> 6) & 63];
    out[end++] = URL_SAFE_LETTERS[three & 63];
  }
  const two = (digest[30] << 8) | digest[31];
  out[end++] = URL_SAFE_LETTERS[two >> 10];
  out[end++] = URL_SAFE_LETTERS[(two >> 4) & 63];
  out[end++] = URL_SAFE_LETTERS[(two << 2) & 63];
}

/** Whether a text in JSON stands between these places, whole, with no escape by number. */
function isQuoted(bytes, from, to) {
  if (to - from < 2 || bytes[from] !== QUOTE || bytes[to - 1] !== QUOTE) return false;
  for (let at = from + 1; at < to - 1; at++) {
    if (bytes[at] < SPACE || bytes[at] === QUOTE) return false;
    if (bytes[at] === BACKSLASH && !SHORT_ESCAPED.includes(bytes[at += 1])) return false;
    if (at === to - 1) return false;
  }
  return true;
}

export class QuickReader {
  constructor() {
    this.names = new Map();
    this.nodes = [];
    this.digest = new Uint8Array(32);
    this.leaf = new Room(1 + MAX_LEAF_BYTES); // with the zero before it that a leaf is hashed with
    this.committed = new Room(4096);
    this.values = new Room(4096);
  }

  /**
   * Read a line, and write what it shows at the end of `shown`, each part with `between` behind it.
   *
   * @returns Its index, leaf, hash of the leaf, path, values and names of what is withheld; null if it is not as every writer writes it.
   */
  read(line, shown, between) {
    const begin = shown.length;
    try {
      const read = this.readLine(line, shown, between);
      if (!read) shown.length = begin;
      return read;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      shown.length = begin;
      return null;
    }
  }

  readLine(line, shown, between) {
    if (!standAt(line, 0, LINE_HEAD)) return null;
    const listed = line.indexOf(LIST_END, LINE_HEAD.length);
    if (listed < 0 || !standAt(line, listed, BEFORE_INDEX)) return null;
    const digits = line.indexOf(QUOTE, listed + BEFORE_INDEX.length);
    const index = indexIn(line, listed + BEFORE_INDEX.length, digits);
    if (index === null || !standAt(line, digits, BEFORE_LEAF)) return null;
    const behind = this.takeLeaf(line, digits + BEFORE_LEAF.length);
    if (behind < 0 || !standAt(line, behind, BEFORE_PATH)) return null;
    const path = this.pathIn(line, behind + BEFORE_PATH.length);
    if (!path) return null;
    const bytes = this.leaf.all.subarray(1);
    const leaf = readLeaf(bytes);
    const disclosed = this.disclosedIn(line, listed, leaf, shown, between);
    if (!disclosed) return null;
    shown.put(bytes);
    shown.put(between);
    return { index, leaf, hash: sha256(this.leaf.all), path, ...disclosed };
  }

  /** Take the leaf out of its quotes; where they end, or -1. */
  takeLeaf(line, from) {
    const { bytes } = this.leaf;
    let [at, length] = [from, 1];
    for (; at < line.length && line[at] !== QUOTE; at++) {
      if (line[at] < SPACE || length === bytes.length) return -1;
      if (line[at] === BACKSLASH && line[at += 1] !== QUOTE && line[at] !== BACKSLASH) return -1;
      bytes[length++] = line[at];
    }
    this.leaf.length = length;
    return at < line.length ? at : -1;
  }

  /** The hashes of a path that ends a line; one that stands where it stood in the line before is the same array. */
  pathIn(line, from) {
    const path = [];
    let at = from;
    if (line[at] === LIST_END) at += 1;
    else {
      for (; line[at] === QUOTE; at += LETTERS + 4) {
        if (!isOf32(line, at + 1, STANDARD_VALUES) || line[at + LETTERS + 1] !== EQUALS || line[at + LETTERS + 2] !== QUOTE) return null;
        path.push(this.nodeAt(path.length, line, at + 1));
        if (line[at + LETTERS + 3] !== COMMA) break;
      }
      if (line[at] !== QUOTE || line[at + LETTERS + 3] !== LIST_END) return null;
      at += LETTERS + 4;
    }
    return line[at] === OBJECT_END && at + 1 === line.length ? path : null;
  }

  nodeAt(height, line, at) {
    const before = this.nodes[height];
    if (before && standAt(line, at, before.letters)) return before.node;
    const node = new Uint8Array(32);
    writeDecoded(line, at, at + LETTERS, STANDARD_VALUES, node, 0);
    this.nodes[height] = { letters: line.slice(at, at + LETTERS), node };
    return node;
  }

  /** The names of a leaf's type, each with its bytes. */
  namesOf(leaf) {
    const type = typeOf(leaf);
    if (type && !this.names.has(type)) this.names.set(type, type.names.map((name) => ({ name, letters: encode(name) })));
    return this.names.get(type) ?? null;
  }

  /** Values and what is withheld, if every name of the type is there and all hash to what the leaf carries. */
  disclosedIn(line, listed, leaf, shown, between) {
    const names = this.namesOf(leaf);
    if (!names) return null;
    const [withheld, others] = [[], []];
    this.committed.length = this.values.length = 0;
    let at = LINE_HEAD.length;
    for (const { name, letters } of names) {
      if (at > LINE_HEAD.length && line[at++] !== COMMA) return null; // between two names, and nowhere else
      if (line[at] !== QUOTE) return null;
      const isWithheld = line[at + 1 + letters.length] === SPACE;
      const end = isWithheld ? at + 1 + letters.length + 1 + LETTERS : line.indexOf(QUOTE, at + 1);
      if (end < 0 || line[end] !== QUOTE) return null;
      if (isWithheld) {
        if (!standAt(line, at + 1, letters) || !isOf32(line, end - LETTERS, URL_SAFE_VALUES)) return null;
        withheld.push(name);
        shown.put(letters);
        this.commit(letters, line, end);
      } else {
        const other = this.takeDisclosure(line, at + 1, end, letters, shown);
        if (other === null) return null;
        if (other) others.push([name, other]);
        sha256Into(line.subarray(at + 1, end), this.digest);
        this.commit(letters, null, 0);
      }
      shown.put(between);
      at = end + 1;
    }
    return at === listed && this.hashesTo(leaf) ? this.valuesWith(others, withheld) : null;
  }

  /** Write a name and its commitment: the one that ends at this place of the line, or the digest that was just made. */
  commit(letters, line, end) {
    const { committed } = this;
    committed.reserve(letters.length + LETTERS + 8);
    const { bytes } = committed;
    let at = writeName(letters, bytes, committed.length);
    bytes[at++] = QUOTE;
    if (line) for (let each = 0; each < LETTERS; each++) bytes[at + each] = line[end - LETTERS + each];
    else writeUrlSafe(this.digest, bytes, at);
    at += LETTERS;
    bytes[at++] = QUOTE;
    committed.length = at;
  }

  hashesTo(leaf) {
    if (!this.committed.length) this.committed.put([OBJECT]);
    this.committed.put([OBJECT_END]);
    sha256Into(this.committed.all, this.digest);
    return hex(this.digest) === leaf.commit;
  }

  /** Take name and value of a disclosure: false if the value is a text or null, else the value in an array; null if it is odd. */
  takeDisclosure(line, from, to, letters, shown) {
    shown.reserve(to - from);
    const [{ bytes }, begin] = [shown, shown.length];
    const end = writeDecoded(line, from, to, URL_SAFE_VALUES, bytes, begin);
    const name = begin + SALTED;
    const value = name + 1 + letters.length + 2;
    if (end <= value || bytes[begin] !== LIST || bytes[begin + 1] !== QUOTE || !isOf32(bytes, begin + 2, URL_SAFE_VALUES)) return null;
    if (bytes[name - 2] !== QUOTE || bytes[name - 1] !== COMMA || bytes[name] !== QUOTE || !standAt(bytes, name + 1, letters)) return null;
    if (bytes[value - 2] !== QUOTE || bytes[value - 1] !== COMMA || bytes[end - 1] !== LIST_END) return null;
    const isNull = end - 1 - value === NULL_TEXT.length && standAt(bytes, value, NULL_TEXT);
    const isPlain = isNull || isQuoted(bytes, value, end - 1);
    const other = isPlain ? false : [readDisclosure(latin1(line.subarray(from, to)))[1]];
    this.note(letters, isPlain ? bytes.subarray(value, end - 1) : NULL_TEXT);
    // the salt is not searched
    bytes.copyWithin(begin, name, end);
    shown.length = end - SALTED;
    return other;
  }

  note(letters, value) {
    const { values } = this;
    values.reserve(letters.length + value.length + 8);
    values.length = writeName(letters, values.bytes, values.length);
    values.put(value);
  }

  valuesWith(others, withheld) {
    if (!this.values.length) return { values: {}, withheld };
    this.values.put([OBJECT_END]);
    const text = decode(this.values.all);
    if (text === null) return null;
    const values = JSON.parse(text);
    for (const [name, [value]] of others) values[name] = value;
    return { values, withheld };
  }
}

function indexIn(line, from, to) {
  if (to <= from || to - from > MOST_DIGITS || (line[from] === ZERO && to - from > 1)) return null;
  let number = 0;
  for (let at = from; at < to; at++) {
    if (line[at] < ZERO || line[at] > NINE) return null;
    number = number * 10 + line[at] - ZERO;
  }
  return BigInt(number);
}
