// Canonical JSON of the log's values: strings, null, arrays and objects of them (RFC 8785; docs/format.md, Values).
import { decode } from "./bytes.js";
import { refuse } from "./refuse.js";
import { tables } from "./tables.js";

const HALF_PAIR = /\p{Surrogate}/u;

export const isText = (value) => typeof value === "string";
export const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
export const isUnicode = (text) => (text.isWellFormed ? text.isWellFormed() : !HALF_PAIR.test(text));
export const has = (object, name) => Object.hasOwn(object, name);

/** The canonical JSON of a value. What is in order already, as nearly everything is, the browser writes alike and faster. */
export function jcs(value) {
  return isInOrder(value) ? JSON.stringify(value) : written(value);
}

/** Whether a value is one of the log's, with the names of each object in their order. */
function isInOrder(value) {
  if (isText(value)) return isUnicode(value);
  if (value === null) return true;
  if (Array.isArray(value)) return value.every(isInOrder);
  if (!isObject(value)) return false;
  let before = null;
  for (const name of Object.keys(value)) {
    if ((before !== null && before >= name) || !isUnicode(name) || !isInOrder(value[name])) return false;
    before = name;
  }
  return true;
}

function written(value) {
  if (isText(value)) return isUnicode(value) ? JSON.stringify(value) : refuse("canonical.cannot_be_written");
  if (value === null) return "null";
  if (Array.isArray(value)) return `[${value.map(written).join(",")}]`;
  if (isObject(value)) return `{${Object.keys(value).sort().map((name) => `${written(name)}:${written(value[name])}`).join(",")}}`;
  return refuse("canonical.not_a_value", { found: typeof value });
}

/** Read JSON of which somebody else checks that it is canonical. */
export function readJson(bytes, where) {
  const text = decode(bytes);
  if (text === null) refuse("canonical.not_json", { where, found: "UTF-8" });
  requireFewValues(bytes.length, text, where);
  return parsed(text, () => refuse("canonical.not_json", { where, found: "JSON" }));
}

/** Read canonical JSON. */
export function readJcs(bytes, where) {
  const text = decode(bytes);
  if (text === null) refuse("canonical.not_json", { where, found: "UTF-8" });
  requireFewValues(bytes.length, text, where);
  const value = parsed(text, () => refuse("canonical.not_json", { where, found: "JSON" }));
  if (spelled(value, where) !== text) refuse("canonical.not_the_one_spelling", { where });
  return value;
}

/** Refuse a JSON text of more values than the memory should hold, before it is read. */
function requireFewValues(size, text, where) {
  const limit = tables.limits.values;
  if (size > 2 * limit && countValues(text) > limit) refuse("canonical.too_many_values", { where, limit });
}

function countValues(text) {
  let [count, isQuoted] = [0, false];
  for (let at = 0; at < text.length; at++) {
    const letter = text[at];
    if (letter === '"') isQuoted = !isQuoted;
    else if (isQuoted) at += letter === "\\" ? 1 : 0;
    else if (letter === "," || letter === "[" || letter === "{") count += 1;
  }
  return count;
}

function spelled(value, where) {
  try {
    return jcs(value);
  } catch (error) {
    // what is nested without end
    if (error instanceof RangeError) refuse("canonical.cannot_be_written", { where, found: "RecursionError" });
    throw error;
  }
}

/** What JSON says, or what `other` gives where it is none. */
export function parsed(text, other) {
  try {
    return JSON.parse(text);
  } catch {
    return other();
  }
}

/** Milliseconds of `YYYY-MM-DDTHH:MM:SS.mmmZ`. */
export function parseTime(text) {
  const at = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(at) || new Date(at).toISOString() !== text) refuse("canonical.not_a_time", { found: text.slice(0, 40) });
  return at;
}
