// The tables of a bundle, derived from its leaves, disclosures and tokens and from nothing else; made again and compared.
// casefiles/format/records.py has the same rules.
import { encode, hex, isSame } from "./bytes.js";
import { has, isText, jcs } from "./canonical.js";
import { NO_TOKEN } from "./leaf.js";
import { refuse } from "./refuse.js";
import { tables } from "./tables.js";
import { formatTime } from "./times.js";

export const ITEM = "observed";
export const OPENING = "log_opened";
const WITHHELD = "[withheld]";
const FORMULA_STARTS = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20";
const UNSHOWN = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff]/g;
const COMPUTED = ["index", "event", "not_before", "stamped_at"];

/** What a token proves for the first `size` entries of the log. */
export function provenTime({ genTime, latest }, size, sha256) {
  return { at: formatTime(genTime), size, sha256, by: formatTime(latest) };
}

function isEarlier(one, other) {
  if (one.at !== other.at) return one.at < other.at;
  if (one.size !== other.size) return one.size < other.size;
  return one.sha256 === other.sha256 ? one.by < other.by : one.sha256 < other.sha256;
}

/** The proven times between which each entry was made and logged. */
export class Bounds {
  constructor(final, earlier) {
    const every = [...earlier.sort((one, other) => (one.size < other.size ? -1 : one.size > other.size ? 1 : 0)), final];
    this.final = final;
    this.sizes = every.slice(0, -1).map((time) => time.size);
    this.at = new Map(every.map((time) => [time.sha256, time.at]));
    // a larger checkpoint covers what a smaller one does: for each place, the earliest from there on
    this.earliest = [...every];
    for (let at = every.length - 2; at >= 0; at--) if (isEarlier(this.earliest[at + 1], this.earliest[at])) this.earliest[at] = this.earliest[at + 1];
  }

  /** The earliest proven time at which an entry was in the log. */
  inLogBy(index) {
    let [low, high] = [0, this.sizes.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.sizes[middle] <= index) low = middle + 1;
      else high = middle;
    }
    return this.earliest[low];
  }

  /** When the token was made that a leaf names; null before the first. */
  madeAfter(after) {
    return after === NO_TOKEN ? null : this.at.get(after);
  }

  /** The earlier tokens that bound these leaves from below or above. */
  neededBy(leaves) {
    const tokens = new Set([...leaves].flatMap(([index, leaf]) => [leaf.after, this.inLogBy(index).sha256]));
    tokens.delete(NO_TOKEN);
    tokens.delete(this.final.sha256);
    return tokens;
  }
}

/** The type that a table gives a gap of which the sender says what closed it; its leaf says `hole`. */
export const GAP_CLOSED = "gap_closed";

export const itemsOf = (records) => records.filter((record) => record.leaf.type === ITEM);
export const eventsOf = (records) => records.filter((record) => record.leaf.type !== ITEM);

export function rowOf({ index, leaf, values, withheld }, bounds) {
  return {
    after: leaf.after, event: leaf.event, index: String(index), not_before: bounds.madeAfter(leaf.after), public: leaf.public,
    sealed: leaf.sealed, stamped_at: bounds.inLogBy(index).by, type: leaf.type, values, withheld,
  };
}

/** Check that a member has these lines, each with its end, and no others; of each, `lineOf` gives the text. */
export async function requireLines(member, found, those, lineOf, breathe) {
  let at = 0;
  for (const [before, one] of those.entries()) {
    const line = encode(`${lineOf(one)}\n`);
    if (!isSame(line, found.subarray(at, at + line.length))) refuse("records.table_differs", { member, number: before + 1 });
    at += line.length;
    await breathe();
  }
  if (at !== found.length) refuse("records.table_differs", { member, number: those.length + 1 });
}

/** Check the table for people, whose cells may have ends of lines in them. */
export async function requireCsv(member, found, items, bounds, breathe) {
  let at = 0;
  const require = (text) => {
    const [row, begin] = [encode(text), at];
    while (at - begin < row.length && row[at - begin] === found[at]) at += 1;
    if (at - begin < row.length) refuse("records.table_differs", { member, number: lineAt(found, at) });
  };
  require(`\ufeff${tables.columns.map(quotedCell).join(";")}\r\n`);
  for (const item of items) {
    const row = rowOf(item, bounds);
    const cell = (name) => (COMPUTED.includes(name) ? row[name] : has(item.values, name) ? item.values[name] : WITHHELD);
    require(`${tables.columns.map((name) => quotedCell(cellOf(cell(name)))).join(";")}\r\n`);
    await breathe();
  }
  if (at < found.length) refuse("records.table_differs", { member, number: lineAt(found, at) });
}

/** The number of the line that the byte at this place is in. */
function lineAt(bytes, place) {
  let number = 1;
  for (let at = bytes.indexOf(10); at >= 0 && at < place; at = bytes.indexOf(10, at + 1)) number += 1;
  return number;
}

const quotedCell = (text) => `"${text.replaceAll('"', '""')}"`;

function cellOf(value) {
  if (value === null) return "";
  const text = isText(value) ? value : jcs(value);
  const shown = text.replace(UNSHOWN, (letter) => {
    const code = letter.charCodeAt(0);
    return code < 256 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
  });
  return FORMULA_STARTS.includes(shown[0] ?? "\0") ? `'${shown}` : shown;
}

/** What `case.json` says that follows from the leaves and tokens. */
export function derivedCase(records, { checkpoint, checkpointSha256, bounds }) {
  const opening = records.find((record) => record.index === 0n && record.leaf.type === OPENING) ?? refuse("records.opening_not_shown", { expected: OPENING });
  const hidden = ["organisation", "rehearsal"].find((name) => !has(opening.values, name));
  if (hidden) refuse("records.opening_withholds", { where: hidden });
  return {
    organisation: opening.values.organisation,
    rehearsal: opening.values.rehearsal,
    checkpoint: {
      root: hex(checkpoint.root), sha256: checkpointSha256, size: String(checkpoint.size),
      stamped_at: bounds.final.by, token_sha256: bounds.final.sha256,
    },
    events: String(eventsOf(records).length),
    format: tables.bundleSchema,
    items: String(itemsOf(records).length),
    log: checkpoint.origin,
    withheld: String(records.reduce((sum, record) => sum + record.withheld.length, 0)),
  };
}

/** What `bag-info.txt` says, from `case.json`. */
export const bagFacts = (told) => ({
  "Bag-Software-Agent": told.tool,
  "Bagging-Date": told.created_at.slice(0, 10),
  "Bundle-Schema": told.format,
  "External-Identifier": told.bundle,
  "Source-Organization": told.organisation,
});

/** A value that is shown; null where it is withheld, or nothing. */
export const valueOf = ({ values }, name) => (has(values, name) ? values[name] : null);
