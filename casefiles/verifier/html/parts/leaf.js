// Leaves of the log, and what is disclosed of them (docs/format.md, Leaf and Commitments).
import { decode, encode, fromLatin1, latin1OfUrlSafe, sha256, sha256Hex, urlSafe } from "./bytes.js";
import { has, isObject, isText, isUnicode, parsed, readJcs } from "./canonical.js";
import { refuse, refusedAs, Undecided } from "./refuse.js";
import { tables } from "./tables.js";

export const MAX_LEAF_BYTES = 65_535;
const MAX_LEVELS = 16;
export const NO_TOKEN = "0".repeat(64);
const KEYS = ["after", "commit", "event", "format", "log", "public", "sealed", "type"];
const HEX64 = /^[0-9a-f]{64}$/;
const NAME = /^[a-z][a-z0-9_]{0,63}$/;
const OF_32_BYTES = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/;
const JSON_TEXTS = /"(?:[^"\\]|\\.)*"[ \t\n\r]*:?/g;
const PLAIN = /^\["[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]","([a-z][a-z0-9_]{0,63})",(?:null|"([^"\\\x00-\x1f]*)")\]$/;

/** Read a leaf of any type, and check what holds for every type. */
export function readLeaf(bytes) {
  if (bytes.length > MAX_LEAF_BYTES) refuse("leaf.too_long", { limit: MAX_LEAF_BYTES, found: bytes.length });
  const body = refusedAs("leaf.unreadable", {}, () => readJcs(bytes, "leaf"));
  if (!isObject(body)) refuse("leaf.not_canonical");
  if (Object.keys(body).sort().join() !== KEYS.join()) refuse("leaf.other_keys", { expected: KEYS.join(", ") });
  for (const name of ["public", "sealed"]) {
    if (!isObject(body[name]) || !Object.values(body[name]).every(isText)) refuse("leaf.not_strings", { where: name });
  }
  if (!KEYS.every((name) => ["public", "sealed"].includes(name) || isText(body[name]))) refuse("leaf.not_a_string");
  requireForms(body);
  return body;
}

function requireForms({ format, after, commit, sealed, event, type }) {
  if (!/^nisisama\/event\/[1-9][0-9]{0,3}$/.test(format)) refuse("leaf.unknown_format", { found: format.slice(0, 40) });
  if (![after, commit, ...Object.values(sealed)].every((digest) => HEX64.test(digest))) refuse("leaf.not_a_digest");
  if (!/^[0-9a-f]{32}$/.test(event)) refuse("leaf.not_an_event_id", { found: event.slice(0, 40) });
  if (!NAME.test(type)) refuse("leaf.not_a_type", { found: type.slice(0, 40) });
  if (!Object.keys(sealed).every((name) => tables.sealedNames.includes(name))) refuse("leaf.unknown_sealed_parts", { where: type, found: Object.keys(sealed).sort().join(", ") });
}

/** The names of a leaf's type; null where the type is not known here. */
export function typeOf(leaf) {
  return leaf.format === tables.eventFormat && has(tables.types, leaf.type) ? tables.types[leaf.type] : null;
}

/** Check what a leaf says in clear against its type. */
export function requireType(leaf, index) {
  const type = typeOf(leaf);
  if (!type) throw new Undecided("undecided.unknown_type", { index });
  if (Object.keys(leaf.public).sort().join() !== type.public.join()) refuse("leaf.other_public_names", { where: leaf.type });
  if (has(leaf.sealed, "record") !== type.names.length > 0) refuse("leaf.record_without_commitment", { where: leaf.type });
}

/** Check the lines that show a leaf against the digest that it carries, and read them. */
export function openDisclosed(index, leaf, lines) {
  const commitments = [];
  const values = {};
  const withheld = [];
  let before = "";
  for (const line of lines) {
    const space = line.indexOf(" ");
    const [name, value] = space < 0 ? readDisclosure(line) : [requireName(line.slice(0, space))];
    if (space < 0) values[name] = value;
    else withheld.push(name);
    const stands = space < 0 ? urlSafe(sha256(fromLatin1(line))) : line.slice(space + 1);
    if (space >= 0 && !OF_32_BYTES.test(stands)) refuse("commitment.not_a_commitment", { where: name });
    if (name <= before) refuse("commitment.name_doubled_or_unordered", { found: name });
    commitments.push(`"${name}":"${stands}"`);
    before = name;
  }
  const found = sha256Hex(encode(`{${commitments.join(",")}}`));
  if (found !== leaf.commit) refuse("commitment.does_not_hash_to_leaf", { expected: leaf.commit, found });
  requireNames(index, leaf, [...Object.keys(values), ...withheld].sort());
  return { index, leaf, values, withheld };
}

/** For a type that is not known here, the names are those in the lines: the digest in the leaf binds them too. */
function requireNames(index, leaf, names) {
  const type = typeOf(leaf);
  if (!type || type.names.join() === names.join()) return;
  const odd = [...names.filter((name) => !type.names.includes(name)), ...type.names.filter((name) => !names.includes(name))].sort();
  refuse("leaf.other_committed_names", { where: `leaf ${index}`, found: odd.join(", ") });
}

const requireName = (name) => (isText(name) && NAME.test(name) ? name : refuse("commitment.not_a_name"));

/** The name and value in a disclosure, which proves nothing until its commitment is found. */
export function readDisclosure(line) {
  const data = latin1OfUrlSafe(line) ?? refuse("commitment.not_base64url", { length: line.length });
  const text = /[\x80-\xff]/.test(data) ? decode(fromLatin1(data)) : data;
  if (text === null) refuse("commitment.disclosure_not_json", { length: data.length });
  const plain = PLAIN.exec(text); // nearly every value of a message: what the lines below would say
  if (plain) return [plain[1], plain[2] ?? null];
  const parts = parsed(text, () => refuse("commitment.disclosure_not_json", { length: data.length }));
  if (countNames(parts) !== countNamesIn(text)) refuse("commitment.name_doubled");
  if (!Array.isArray(parts) || parts.length !== 3) refuse("commitment.not_a_disclosure");
  const [salt, name, value] = parts;
  if (!isText(salt) || !OF_32_BYTES.test(salt)) refuse("commitment.not_a_salt");
  requireValue(value, 0);
  return [requireName(name), value];
}

/** How many names stand in a JSON text: texts with a colon behind them. */
function countNamesIn(text) {
  let count = 0;
  for (const [found] of text.matchAll(JSON_TEXTS)) count += found.endsWith(":");
  return count;
}

/** How many names the objects of a value have: fewer than its text, where one object has a name twice. */
function countNames(value) {
  if (Array.isArray(value)) return value.reduce((sum, inner) => sum + countNames(inner), 0);
  return isObject(value) ? Object.values(value).reduce((sum, inner) => sum + 1 + countNames(inner), 0) : 0;
}

function requireValue(value, depth) {
  if (value === null) return;
  if (isText(value)) {
    if (!isUnicode(value)) refuse("commitment.text_not_unicode");
    return;
  }
  if (typeof value !== "object") refuse("commitment.not_a_value", { found: typeof value });
  if (depth === MAX_LEVELS) refuse("commitment.nested_too_deep", { limit: MAX_LEVELS });
  if (isObject(value) && !Object.keys(value).every(isUnicode)) refuse("commitment.text_not_unicode");
  for (const inner of Object.values(value)) requireValue(inner, depth + 1);
}
