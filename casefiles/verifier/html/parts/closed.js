// What the sender says closed gaps of a bundle, and what of that its entries bear out (casefiles/report/closed.py).
import { has } from "./canonical.js";
import { ITEM, valueOf } from "./records.js";
import { refuse } from "./refuse.js";

const SHOWS = ["message", "edit", "service"];
const OF_BOTH = ["at", "method", "container_sha256"];
const NUMBER = /^[0-9]+$/;

/** Check what the sender says about gaps that were closed, in a log of ``size`` entries. */
export function requireClosings(records, told, size) {
  const shown = new Map(records.map((record) => [String(record.index), record]));
  let before = -1n;
  for (const closing of told) {
    const [hole, item] = [shown.get(closing.hole), shown.get(closing.entry)];
    const [at, by] = [BigInt(closing.hole), BigInt(closing.entry)];
    const isPlaced = before < at && at < by && by < BigInt(size);
    if (!hole || !isPlaced || !isGap(hole) || !fits(closing, hole, item)) refuse("records.closed_by_no_such_entry", { index: closing.hole });
    before = at;
  }
}

const isGap = ({ leaf, values }) => leaf.type === "hole" && has(values, "hole") && values.hole === "gap";

/** Whether the entry that is to have closed a gap can have done so, as far as it is shown. */
function fits(closing, hole, item) {
  if (closing.container_sha256 !== null && hole.withheld.includes("container_sha256")) return false;
  if (!item) return true;
  const isSame = OF_BOTH.every((name) => !has(item.values, name) || item.values[name] === closing[name]);
  return item.leaf.type === ITEM && SHOWS.includes(valueOf(item, "kind")) && valueOf(item, "channel_id") === valueOf(hole, "channel_id")
    && isInSpan(valueOf(item, "message_id"), valueOf(hole, "lo"), valueOf(hole, "hi")) && isSame;
}

function isInSpan(number, lo, hi) {
  const isEach = [lo, number, hi].every((text) => typeof text === "string" && NUMBER.test(text));
  return isEach && BigInt(lo) <= BigInt(number) && BigInt(number) <= BigInt(hi);
}
