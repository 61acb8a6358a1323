// The log's two files in a bundle, one canonical JSON object a line (docs/format.md, The log's files).
import { encode, endedLines, fromBase64, sha256Hex } from "./bytes.js";
import { has, isObject, isText, readJcs } from "./canonical.js";
import { MAX_SIZE, parseDecimal, parseHash } from "./note.js";
import { refuse, refusedAs } from "./refuse.js";

export const ENTRIES = "data/log/entries.jsonl";
export const STAMPS = "data/log/stamps.jsonl";

/** Read a line of `entries.jsonl`, whatever its spelling. */
export function readEntry(line, where) {
  const row = readRow(line, where, ["index", "leaf"], ["disclosures", "path"]);
  const index = refusedAs("records.log_line_malformed", { where }, () => parseDecimal(row.index));
  if (index > MAX_SIZE) refuse("records.index_out_of_range", { where, found: row.index });
  return { index, leaf: encode(row.leaf), lines: row.disclosures, path: hashesOf(row.path, where) };
}

/** Read `stamps.jsonl`. */
export function readStamps(bytes) {
  const stamps = [];
  for (const [line, where] of numbered(bytes, STAMPS)) stamps.push(readStamp(line, where));
  requireAscending(stamps.map((stamp) => [stamp.size, stamp.sha256]), STAMPS);
  return stamps;
}

export function readStamp(line, where) {
  const row = readRow(line, where, ["checkpoint", "token"], ["consistency"]);
  const token = fromBase64(row.token);
  if (!token?.length) refuse("records.token_not_base64", { where });
  const size = () => refusedAs("records.checkpoint_without_size", { where: STAMPS }, () => parseDecimal(row.checkpoint.split("\n", 2)[1] ?? ""));
  return {
    token, sha256: sha256Hex(token), checkpoint: encode(row.checkpoint), consistency: hashesOf(row.consistency, where),
    get size() {
      return size();
    },
  };
}

/** Each line of a member, and where it stands. */
export function* numbered(bytes, member) {
  let number = 0;
  for (const line of endedLines(bytes)) yield [line, `${member}:${number += 1}`];
  if (bytes.length && bytes.at(-1) !== 10) refuse("records.last_line_open", { where: member });
}

function readRow(line, where, texts, arrays) {
  const row = refusedAs("records.not_a_log_line", { where }, () => readJcs(line, where));
  const names = [...texts, ...arrays];
  if (!isObject(row) || Object.keys(row).length !== names.length || !names.every((name) => has(row, name))) refuse("records.other_log_names", { where });
  const areTexts = texts.every((name) => isText(row[name])) && arrays.every((name) => Array.isArray(row[name]) && row[name].every(isText));
  return areTexts ? row : refuse("records.log_line_not_strings", { where });
}

const hashesOf = (texts, where) => refusedAs("records.log_line_malformed", { where }, () => texts.map(parseHash));

function requireAscending(order, where) {
  for (let at = 1; at < order.length; at++) {
    const [[one, first], [other, second]] = [order[at - 1], order[at]];
    if (one > other || (one === other && first >= second)) refuseUnordered(where, at + 1);
  }
}

export function refuseUnordered(member, number) {
  refuse("records.log_lines_unordered", { member, number });
}
