// Strict DER (ITU-T X.690), and reading of its structures field by field. evidence/stamp/der.py says why it is strict.
import { latin1 } from "./bytes.js";
import { refuse } from "./refuse.js";

const MAX_DEPTH = 48;
export const BOOLEAN = 0x01, INTEGER = 0x02, BITS = 0x03, OCTETS = 0x04, NULL = 0x05, OID = 0x06, ENUMERATED = 0x0a, UTC_TIME = 0x17, TIME = 0x18;
export const SEQUENCE = 0x30, SET = 0x31;
/** The tags of context-specific fields: primitive, and constructed. */
export const context = (number) => 0x80 | number;
export const inside = (number) => 0xa0 | number;

/** One element: its tag, all of its bytes, and what is in it. */
export class Element {
  constructor(data, start, tag, from, end) {
    Object.assign(this, { data, start, tag, from, end });
  }

  get der() {
    return this.data.subarray(this.start, this.end);
  }

  get contents() {
    return this.data.subarray(this.from, this.end);
  }

  get isConstructed() {
    return Boolean(this.tag & 0x20);
  }

  /** The elements inside. */
  get parts() {
    if (!this.isConstructed) malformed();
    return [...elementsIn(this.data, this.from, this.end)];
  }

  /** What an explicit tag has inside: one element. */
  get only() {
    const { parts } = this;
    return parts.length === 1 ? parts[0] : malformed();
  }
}

export function malformed(what = "") {
  refuse("signed_data.malformed", { what });
}

/** The one element that these bytes are, its form checked down to its innermost elements. */
export function readDer(data) {
  if (!data.length) refuse("signed_data.empty");
  const whole = headerAt(data, 0, data.length);
  if (whole.end !== data.length) refuse("signed_data.bytes_after_end", { end: whole.end, length: data.length });
  const waiting = [[whole, 0]];
  while (waiting.length) {
    const [element, depth] = waiting.pop();
    if (depth > MAX_DEPTH) refuse("signed_data.nested_too_deep", { limit: MAX_DEPTH });
    requireForm(element);
    if (element.isConstructed) for (const inner of elementsIn(data, element.from, element.end)) waiting.push([inner, depth + 1]);
  }
  return whole;
}

function* elementsIn(data, from, end) {
  for (let at = from; at < end;) {
    const element = headerAt(data, at, end);
    yield element;
    at = element.end;
  }
}

function headerAt(data, at, limit) {
  if (at + 2 > limit) refuse("signed_data.cut_short", { at });
  const tag = data[at];
  if ((tag & 0x1f) === 0x1f || tag === 0) refuse("signed_data.unknown_tag", { at, found: tag });
  let [length, from] = [data[at + 1], at + 2];
  if (length >= 0x80) {
    const size = length - 0x80;
    const spelled = data.subarray(from, from + size);
    length = spelled.reduce((sum, byte) => sum * 256 + byte, 0);
    from += size;
    if (size < 1 || size > 4 || length < 0x80 || spelled[0] === 0) refuse("signed_data.length_not_der", { at: at + 1 });
  }
  if (from + length > limit) refuse("signed_data.element_too_long", { at });
  return new Element(data, at, tag, from, from + length);
}

/** Universal types in their one form: X.690, 8.2 (boolean), 8.3 (integer), 8.8 (null), 10.2 (strings). */
function requireForm({ tag, contents, isConstructed, start }) {
  if (tag >> 6) return;
  const number = tag & 0x1f;
  let isWrong = (number === 0x10 || number === 0x11) !== isConstructed;
  if (number === BOOLEAN) isWrong ||= contents.length !== 1 || ![0, 255].includes(contents[0]);
  if (number === INTEGER) isWrong ||= !contents.length || isRedundant(contents);
  if (number === NULL) isWrong ||= contents.length > 0;
  if (isWrong) refuse("signed_data.element_not_der", { start, tag });
}

const isRedundant = ([first, second]) => second !== undefined && first === (second & 0x80 ? 0xff : 0);

/** The fields of a structure, taken in their order. */
export class Fields {
  constructor(element, tag = SEQUENCE) {
    if (element.tag !== tag) malformed();
    this.parts = element.parts;
    this.at = 0;
  }

  /** The next field, which must have one of these tags, or any where none is given. */
  take(...tags) {
    const next = this.parts[this.at++];
    return next && (!tags.length || tags.includes(next.tag)) ? next : malformed();
  }

  /** The next field if it has one of these tags. */
  maybe(...tags) {
    return tags.includes(this.parts[this.at]?.tag) ? this.parts[this.at++] : null;
  }

  end() {
    if (this.at < this.parts.length) malformed();
  }
}

/** The parts of a SEQUENCE OF or SET OF, each with this tag. */
export function every(element, tag, of) {
  if (element.tag !== tag) malformed();
  const { parts } = element;
  if (of !== undefined && parts.some((part) => part.tag !== of)) malformed();
  return parts;
}

/** An object identifier, dotted. */
export function oidOf(element) {
  if (element.tag !== OID || !element.contents.length) malformed();
  const numbers = [];
  let number = 0n;
  let isOpen = false;
  for (const byte of element.contents) {
    if (!isOpen && byte === 0x80) malformed();
    number = (number << 7n) | BigInt(byte & 0x7f);
    isOpen = Boolean(byte & 0x80);
    if (isOpen) continue;
    numbers.push(number);
    number = 0n;
  }
  if (isOpen) malformed();
  const first = numbers[0] < 80n ? numbers[0] / 40n : 2n;
  return [first, numbers[0] - first * 40n, ...numbers.slice(1)].join(".");
}

/** A signed integer. */
export function integerOf(element, tag = INTEGER) {
  if (element.tag !== tag || !element.contents.length) malformed();
  const value = unsigned(element.contents);
  return element.contents[0] & 0x80 ? value - (1n << BigInt(8 * element.contents.length)) : value;
}

export function unsigned(bytes) {
  let text = "0x0";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return BigInt(text);
}

export function octetsOf(element, tag = OCTETS) {
  return element.tag === tag ? element.contents : malformed();
}

export function booleanOf(element) {
  return element?.tag === BOOLEAN && element.contents[0] === 255;
}

/** The bytes of a bit string without unused bits. */
export function bitsOf(element) {
  if (element.tag !== BITS || element.contents[0] !== 0) malformed();
  return element.contents.subarray(1);
}

/** A UTCTime or GeneralizedTime of a certificate, in microseconds since 1970. */
export function momentOf(element) {
  const text = latin1(element.contents);
  const pattern = element.tag === UTC_TIME ? /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?(Z|[+-]\d{4})$/
    : element.tag === TIME ? /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:\.\d+)?(Z|[+-]\d{4})$/ : malformed();
  const [, year, ...rest] = pattern.exec(text) ?? malformed();
  const zone = rest.pop();
  const century = element.tag === TIME ? 0 : Number(year) < 50 ? 2000 : 1900;
  return secondsOf(Number(year) + century, ...rest.map((part) => Number(part ?? 0))) * 1_000_000n - offsetOf(zone);
}

const offsetOf = (zone) => (zone === "Z" ? 0n : BigInt(`${Number(zone[0] + 1)}`) * BigInt(Number(zone.slice(1, 3)) * 60 + Number(zone.slice(3))) * 60_000_000n);

/** Seconds since 1970 of a date that exists. */
export function secondsOf(year, month, day, hour, minute, second) {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, second);
  const same = [date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate(), date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()];
  if (year < 1 || same.join() !== [year, month, day, hour, minute, second].join()) malformed();
  return BigInt(date.getTime() / 1000);
}
