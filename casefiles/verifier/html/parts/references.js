// The entries of a bundle as a closed world (casefiles/verifier/references.py; docs/format.md, the entries that a sender shows).
import { has, isText, parseTime } from "./canonical.js";
import { requireOthers } from "./persons.js";
import { ITEM, OPENING, valueOf } from "./records.js";
import { refuse, refusedAs, Undecided } from "./refuse.js";
import { tables } from "./tables.js";
import { formatTime } from "./times.js";

const KINDS = ["channel", "deletion", "edit", "file", "link", "message", "service"];
const MODES = ["hash_only", "metadata_only", "sealed"];
const TIERS = ["identical", "match", "review"];
const SHOWN = [OPENING, ITEM, "key_changed", "requested", "approved", "hole", "frozen", "erased", "case_opened", "case_item_added",
  "case_item_removed", "consent", "checked", "recognised", "left_out"];
const NAMED = { authority: "requested", request: "requested", item: ITEM, identical: ITEM, match: ITEM, review: ITEM };
const NAMING = Object.keys(NAMED).sort();
const SKEW_MS = 60_000;
const DAY_MS = 86_400_000;

const short = (value) => (isText(value) ? value.slice(0, 80) : "");
const of = (records, type) => records.filter((record) => record.leaf.type === type);
const listOf = (record, name) => (Array.isArray(valueOf(record, name)) ? record.values[name] : []);

/** Check what the entries of a bundle say of one another; the steps are those of `require_closed`. */
export function requireClosed(records, { caseId, logKey }) {
  // (1) types, and each once
  for (const { index, leaf } of records) {
    if (has(tables.types, leaf.type) && !SHOWN.includes(leaf.type)) refuse("records.of_a_type_not_shown", { index, found: leaf.type });
  }
  const byEvent = new Map();
  for (const record of records) {
    if (byEvent.has(record.leaf.event)) refuse("records.event_twice", { index: record.index, other: byEvent.get(record.leaf.event).index });
    byEvent.set(record.leaf.event, record);
  }
  // (2) the opening
  for (const record of of(records, OPENING)) {
    if (record.index !== 0n) refuse("records.opened_again", { index: record.index });
    if (valueOf(record, "log_key") !== logKey) refuse("records.opened_with_another_key", { expected: logKey, found: short(valueOf(record, "log_key")) });
  }
  // (3) what is named
  for (const [record, name, named] of eventsNamed(records)) {
    if (byEvent.get(named)?.leaf.type !== NAMED[name]) refuse("records.names_what_is_not_there", { index: record.index, name, expected: named });
  }
  const used = new Set(eventsNamed(records.filter((record) => record.leaf.type !== "approved")).map(([, , named]) => named));
  for (const record of of(records, "requested")) if (!used.has(record.leaf.event)) refuse("records.request_of_nothing", { index: record.index });
  // (4) the case
  requireCase(records, caseId);
  requireItemsOfTheCase(records, caseId);
  requireHolesOfTheCase(records);
  // (5) two persons
  requireTwoPersons(records, byEvent);
  // (6) kinds and modes
  for (const record of of(records, ITEM)) {
    requireListed(record, "kind", KINDS);
    requireListed(record, "mode", MODES);
  }
  // (7) comparisons
  for (const record of of(records, "checked")) requireFound(record, byEvent);
  // (8) statements
  requireStated(records, byEvent);
}

/** Each event that is named: by which record, under which NAME. */
function eventsNamed(records) {
  return records.flatMap((record) => NAMING.filter((name) => has(record.values, name)).flatMap(
    (name) => [record.values[name]].flat().filter(isText).map((named) => [record, name, named])));
}

function requireCase(records, caseId) {
  for (const record of records) {
    if (record.withheld.includes("case") || (has(record.values, "case") && record.values.case !== caseId)) {
      refuse("records.of_another_case", { index: record.index, expected: caseId, found: short(valueOf(record, "case")) });
    }
  }
}

function requireItemsOfTheCase(records, caseId) {
  const opened = of(records, "case_opened").length;
  if (opened !== 1) refuse("records.case_not_opened_once", { expected: caseId, found: opened });
  const held = new Map();
  for (const record of records) {
    if (["case_item_added", "case_item_removed"].includes(record.leaf.type)) held.set(valueOf(record, "item"), record.leaf.type === "case_item_added");
  }
  for (const record of of(records, ITEM)) if (!held.get(record.leaf.event)) refuse("records.item_not_of_the_case", { index: record.index, expected: caseId });
  requireRemoved(records);
}

/** Check that whatever was added unnamed was removed unnamed later, erased or is frozen: none is left out in silence. */
function requireRemoved(records) {
  let [added, removed] = [0, 0];
  for (const { leaf, withheld } of records) {
    if (!withheld.includes("item")) continue;
    added += leaf.type === "case_item_added";
    removed += leaf.type === "case_item_removed";
    if (removed > added) break;
  }
  const [frozen, erased] = [of(records, "frozen"), of(records, "erased")];
  const gone = erased.reduce((sum, erasure) => sum + erasedItems(erasure), BigInt(removed));
  if (removed > added || (gone < added && !frozen.length)) refuse("records.item_left_out", { expected: added, found: gone });
  if (gone > added) refuse("records.erasure_of_nothing", { index: erased.at(-1).index });
  if (frozen.length && gone === BigInt(added)) refuse("records.freeze_of_nothing", { index: frozen[0].index });
  const items = new Set(of(records, ITEM).map((item) => item.leaf.event));
  const shown = frozen.find((freeze) => listOf(freeze, "frozen_items").some((item) => items.has(item)));
  if (shown) refuse("records.frozen_item_shown", { index: shown.index });
  requireErasedUnshown(records, erased);
}

/** How many items of the case an erasure is of; one that does not say so stands for none. */
function erasedItems(erasure) {
  const items = valueOf(erasure, "items");
  if (!isText(items) || !/^[1-9][0-9]*$/.test(items)) refuse("records.erasure_of_nothing", { index: erasure.index });
  return BigInt(items);
}

function requireErasedUnshown(records, erased) {
  const named = new Set();
  for (const { leaf } of erased) {
    const entries = leaf.public.entries ?? "";
    if (!/^(?:0|[1-9][0-9]{0,18})(?: (?:0|[1-9][0-9]{0,18}))*$/.test(entries)) refuse("leaf.not_entries", { where: leaf.type });
    for (const entry of entries.split(" ")) named.add(BigInt(entry));
  }
  const shown = records.find((record) => named.has(record.index));
  if (shown) refuse("records.erased_item_shown", { index: shown.index });
}

function requireHolesOfTheCase(records) {
  const channels = new Set(of(records, ITEM).map((item) => valueOf(item, "channel_id")));
  for (const hole of of(records, "hole")) {
    const channel = valueOf(hole, "channel_id");
    // a channel that an item withholds may be that of any hole
    if (!channels.has(channel) && !channels.has(null)) refuse("records.hole_of_another_channel", { index: hole.index, found: short(channel) });
  }
}

function requireTwoPersons(records, byEvent) {
  for (const record of records) {
    const request = valueOf(record, "request");
    const asked = isText(request) ? byEvent.get(request) : null;
    const [one, other] = record.leaf.type === "approved" ? [asked ? valueOf(asked, "actor") : null, valueOf(record, "actor")]
      : [valueOf(record, "actor"), valueOf(record, "approver")];
    if (isText(one) && isText(other)) refusedAs("records.one_person_twice", { index: record.index }, () => requireOthers(one, other));
  }
}

function requireListed(record, name, listed) {
  const value = valueOf(record, name);
  if (value !== null && !listed.includes(value)) {
    refuse("records.of_no_known_kind", { index: record.index, name, expected: listed.join(", "), found: short(value) });
  }
}

/** Check that a comparison names what it says it found, as far as it shows that. */
function requireFound(checked, byEvent) {
  const { index } = checked;
  const items = TIERS.flatMap((name) => listOf(checked, name));
  const found = valueOf(checked, "found");
  const isHidden = ["found", ...TIERS].some((name) => checked.withheld.includes(name));
  const isEnough = isText(found) && BigInt(found) === BigInt(items.length);
  const isTooMany = !checked.withheld.includes("found") && BigInt(items.length) > BigInt(found ?? 0);
  if ((!isEnough && !isHidden) || isTooMany) refuse("records.found_another_number", { index, expected: short(found), found: items.length });
  const files = items.map((item) => byEvent.get(item));
  const isOdd = files.some((file) => file.index > index || (has(file.values, "kind") ? file.values.kind : "file") !== "file");
  if (isOdd || new Set(items).size !== items.length) refuse("records.found_what_is_no_file", { index });
  requireOneFile(checked, listOf(checked, "identical").map((item) => byEvent.get(item)), files);
}

/** Check that what is said to be the same file as the client's is one file, and that nothing else found is it. */
function requireOneFile({ index }, identical, every) {
  const digests = new Set(identical.filter((item) => has(item.values, "sha256")).map((item) => item.values.sha256));
  const isOfThem = (item) => digests.has(valueOf(item, "sha256"));
  const isLeftOut = every.some((item) => isOfThem(item) && !identical.includes(item));
  if (digests.size > 1 || digests.has(null) || isLeftOut) refuse("records.found_two_files_as_one", { index });
}

function requireStated(records, byEvent) {
  const stated = new Set();
  const recognised = of(records, "recognised");
  for (const record of recognised) {
    const { index, values } = record;
    const item = byEvent.get(short(valueOf(record, "item")));
    if (!item || item.index > index) refuse("records.stated_of_no_item", { index });
    const [how, means] = ["recognition", "means"].map((name) => (has(values, name) ? values[name] : ""));
    if (values.given === "no" && how === null && means === null) {
      if (!stated.has(item.leaf.event)) refuse("records.took_back_nothing", { index });
    } else if (values.given === "yes" && isStatedOf(item, how, means)) stated.add(item.leaf.event);
    else refuse("records.stated_otherwise", { index });
  }
  if (!recognised.length) return;
  const untold = of(records, "consent").find((consent) => !["yes", "no"].includes(valueOf(consent, "given")));
  if (untold) refuse("records.consent_untold", { index: untold.index });
}

/** Whether an item can be recognised in this way; one that withholds its kind, in each of them. */
function isStatedOf(item, how, means) {
  const kind = has(item.values, "kind") ? item.values.kind : "file";
  if (["same_file", "very_similar"].includes(how) && ["file", "question"].includes(means)) return kind === "file";
  return how === "seen" && means === null && ["edit", "file", "message"].includes(kind);
}

/** Check that the seal is the one that the log names: in entry 0, or in the newest change of it that is shown. */
export function requireLoggedSeal(records, fingerprint) {
  let logged = null;
  for (const record of records) {
    if (record.leaf.type === OPENING) logged = valueOf(record, "seal_certificate_sha256");
    else if (record.leaf.type === "key_changed") {
      if (valueOf(record, "key") !== "seal" || valueOf(record, "old") !== logged) refuse("records.seal_change_out_of_order", { index: record.index, expected: short(logged) });
      logged = valueOf(record, "new");
    }
  }
  if (logged !== fingerprint) refuse("records.sealed_by_another", { expected: short(logged), found: fingerprint });
}

/** Check that the time which each entry states fits the times that are proven for it. */
export function requireWithin(records, bounds) {
  for (const record of records) {
    const at = valueOf(record, "at");
    if (isText(at)) requireFits(at, record.index, bounds.madeAfter(record.leaf.after), bounds);
  }
}

/** Check that the time of what closed a gap fits: the entry, which need not be shown, came after its gap. */
export function requireClosingsWithin(closings, records, bounds) {
  const holes = new Map(records.map((record) => [String(record.index), record]));
  for (const { hole, entry, at } of closings) {
    if (holes.has(hole)) requireFits(at, BigInt(entry), bounds.madeAfter(holes.get(hole).leaf.after), bounds);
  }
}

function requireFits(at, index, after, bounds) {
  const [stated, latest] = [parseTime(at), bounds.inLogBy(index).by];
  if (stated > parseTime(latest) + SKEW_MS || (after && stated < parseTime(after) - DAY_MS)) {
    throw new Undecided(after ? "undecided.time_outside" : "undecided.time_too_late", { index, after: after ?? "", latest, found: at });
  }
}

/** Check that the time at which a bundle says it was made fits its stamps. */
export function requireMadeBetween(createdAt, checkpoint, seal) {
  const at = BigInt(parseTime(createdAt)) * 1000n;
  if (at > seal + BigInt(SKEW_MS) * 1000n || at < checkpoint - BigInt(DAY_MS) * 1000n) {
    throw new Undecided("undecided.made_outside", { after: formatTime(checkpoint), until: formatTime(seal), found: createdAt });
  }
}
