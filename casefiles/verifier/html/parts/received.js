// What the holes of a bundle say is missing, and which of its items are that part after all (casefiles/report/received.py).
import { encode, sha256Hex } from "./bytes.js";
import { has, isObject, isText, jcs } from "./canonical.js";
import { ITEM, valueOf } from "./records.js";
import { refuse } from "./refuse.js";
import { tables } from "./tables.js";

const AS_IT_CAME = ["message", "edit", "service"];

/** Check what the sender says about parts that were received and are not items that are shown. */
export function requireReceived(records, told) {
  const same = receivedSame(records);
  const holes = new Map(records.filter((record) => record.leaf.type === "hole").map((record) => [String(record.index), record]));
  let before = -1n;
  for (const index of told) {
    const hole = holes.get(index);
    if (!hole || !mayBeOfAPart(hole) || BigInt(index) <= before || same.has(hole.index)) refuse("records.received_of_no_such_hole", { index });
    before = BigInt(index);
  }
}

/** The holes, by log index, whose part is an item that is shown. */
function receivedSame(records) {
  const lost = records.filter((record) => record.leaf.type === "hole").flatMap(lostOf);
  const places = new Set(lost.map((hole) => hole.place));
  const had = records.filter((record) => record.leaf.type === ITEM).flatMap((item) => hadOf(item, places));
  const isIt = (hole, item) => item.place === hole.place && item.rank >= hole.rank && hole.state !== null && item.state === hole.state;
  return new Set(lost.filter((hole) => had.some((item) => isIt(hole, item))).map((hole) => hole.index));
}

const textValue = ({ values }, name) => (has(values, name) && isText(values[name]) ? values[name] : null);
const isHidden = ({ withheld }, ...names) => names.some((name) => withheld.includes(name));
const rankOf = (mode) => tables.modes.indexOf(mode ?? "");
/** The rank of the lowest mode in which an item has what is missing; -1 if the hole is in the place of no part. */
const leastOf = (hole) => rankOf(tables.ofAPart[textValue(hole, "hole") ?? ""]);

/** Whether a hole is in the place of a part, or withholds what would tell. */
function mayBeOfAPart(hole) {
  const isOfOne = valueOf(hole, "lo") === valueOf(hole, "hi") || isHidden(hole, "lo", "hi");
  if (!isOfOne || (leastOf(hole) < 0 && !isHidden(hole, "hole"))) return false;
  const isPlaced = textValue(hole, "position") !== null || isHidden(hole, "position");
  return isPlaced || (has(hole.values, "hole") ? hole.values.hole : "mode") === "mode";
}

function lostOf(hole) {
  const rank = leastOf(hole);
  if (rank < 0 || isHidden(hole, "channel_id", "position", "lo", "hi") || !mayBeOfAPart(hole)) return [];
  const place = JSON.stringify([textValue(hole, "channel_id"), textValue(hole, "lo"), textValue(hole, "position")]);
  return [{ index: hole.index, place, state: textValue(hole, "message_sha256"), rank }];
}

function hadOf(item, places) {
  if (isHidden(item, "channel_id", "position", "message_id", "mode", "kind")) return [];
  const [kind, position] = [textValue(item, "kind"), textValue(item, "position")];
  const isFile = kind === "file";
  if (!(isFile ? position !== null : AS_IT_CAME.includes(kind))) return [];
  const place = JSON.stringify([textValue(item, "channel_id"), textValue(item, "message_id"), isFile ? position : null]);
  const rank = rankOf(textValue(item, "mode"));
  if (!places.has(place) || rank < 0) return [];
  return [{ place, state: isFile ? textValue(item, "message_sha256") : identityOf(item), rank }];
}

/** The identity of a message (evidence/content.py), if everything that it is made of is shown. */
function identityOf(item) {
  if (isHidden(item, ...tables.itemSubject)) return null;
  const { values } = item;
  const own = Object.fromEntries(tables.identity.map((name) => [name, valueOf(item, name)]));
  return sha256Hex(encode(jcs({
    ...own,
    people: (valueOf(item, "people") ?? []).map((one) => (hasId(one) ? { id: one.id } : one)),
    sender_name: valueOf(item, "sender_id") ? null : valueOf(item, "sender_name"),
    forwarded_from: cameFromAnAccount(values) ? null : valueOf(item, "forwarded_from"),
    service: valueOf(item, "kind") === "service" ? "yes" : "no",
  })));
}

const hasId = (one) => isObject(one) && has(one, "id");

/** Whether the origin of a forward has an identifier among the people. */
function cameFromAnAccount(values) {
  const origins = (values.content ?? []).filter((part) => isObject(part) && part.kind === "forward").map((part) => part.person);
  return (values.people ?? []).some((one, at) => hasId(one) && origins.includes(String(at)));
}
