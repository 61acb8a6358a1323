// Draws exhibits from checked records: what a message said, a grey box where a picture was, and in rows whatever else it
// says, in the words of the report. What others wrote is text, never HTML; what does not show, or would turn a line around,
// is spelled out.
import { has } from "./canonical.js";
import { itemsOf, rowOf, valueOf } from "./records.js";
import { inWords, labelOf, saidOfItem } from "./said.js";
import { toldTime } from "./times.js";

const LONG = 2_000;
const A_PAGE = 20;
const ROWS = 40;
/** What the drawing itself says; the rest is in rows. */
const DRAWN = ["item.kind", "item.text", "item.sender_name", "item.sender_id", "item.posted_at", "item.channel_title", "item.addition_source", "item.sha256", "item.file_name", "item.media_type", "item.bytes"];
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\u2028\u2029]/gu;
const HEAPED = /(\p{M}{3})\p{M}+/gu;

/** An element; what is in it is text or further elements, never HTML. */
export function make(name, properties, ...inner) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...inner);
  return made;
}

/** A text that somebody else wrote, so that all of it shows and none of it leaves its place. */
export function tamed(text) {
  const seen = text.replace(UNSEEN, (letter) => ("\n\t\u200d".includes(letter) ? letter : `[U+${letter.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}]`));
  return seen.replace(HEAPED, "$1[\u2026]");
}

/** What somebody else wrote, in an element whose direction is its own. */
export const foreign = (text, name = "bdi") => make(name, { dir: "auto", className: "foreign" }, tamed(text));

/** The exhibits of a bundle, some at a time: an element, and what shows the next ones. */
export function drawExhibits(records, bounds, say) {
  const groups = grouped(itemsOf(records));
  const list = make("ol", { className: "exhibits" });
  const more = make("button", { type: "button", className: "button" }, say("verifier.exhibits.more"));
  let shown = 0;
  const next = () => {
    for (const group of groups.slice(shown, shown + A_PAGE)) list.append(drawGroup(group, bounds, say));
    shown += A_PAGE;
    more.hidden = shown >= groups.length;
  };
  more.onclick = next;
  next();
  return [list, more];
}

/** Items of one message in one group, in the order of the log. */
function grouped(items) {
  const groups = new Map();
  for (const item of items) {
    const [channel, message] = [valueOf(item, "channel_id"), valueOf(item, "message_id")];
    const key = message === null ? String(item.index) : JSON.stringify([channel, message]);
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(item);
  }
  return [...groups.values()];
}

function drawGroup(group, bounds, say) {
  return make("li", { className: "exhibit" }, ...group.map((item) => drawItem(item, bounds, say)));
}

function drawItem(item, bounds, say) {
  const row = rowOf(item, bounds);
  const kind = valueOf(item, "kind");
  const parts = saidOfItem(item);
  const by = new Map(parts.map((part) => [part.code, part]));
  const head = make("p", { className: "head" }, make("strong", {}, has(KIND_WORDS, kind ?? "") ? say(KIND_WORDS[kind]) : say("report.value_withheld")),
    " \u00b7 ", say("verifier.exhibit.number", { number: String(item.index) }));
  const sender = make("p", { className: "sender" }, shownValue(item, by, "sender_name", say), ...(by.has("item.sender_id") ? [" \u00b7 ", shownPart(by.get("item.sender_id"), say)] : []));
  const source = by.get("item.addition_source");
  const list = make("dl", {},
    ...term(say(source ? "verifier.exhibit.source" : "verifier.exhibit.channel"), source ? shownPart(source, say) : shownValue(item, by, "channel_title", say)),
    ...term(say("verifier.exhibit.posted"), shownValue(item, by, "posted_at", say)),
    ...rowsOfParts(parts.filter(({ code }) => !DRAWN.includes(code)), say, kind === "deletion"),
    ...term(say("verifier.exhibit.acquired"), has(item.values, "at") ? toldTime(item.values.at) : withheld(say)),
    ...term(say("verifier.exhibit.stamped"), toldTime(row.stamped_at, { up: true })),
    ...withheldRow(item, say));
  return make("article", { className: kind === "deletion" ? "gone" : "" }, head, sender, ...wordsOfText(item, by, say), ...greyBox(by, say), list);
}

const KIND_WORDS = {
  message: "verifier.kind.message", edit: "verifier.kind.edit", deletion: "verifier.kind.deletion",
  service: "verifier.kind.service", channel: "verifier.kind.channel", file: "verifier.kind.file",
  link: "verifier.kind.link",
};
const withheld = (say) => make("em", {}, say("report.value_withheld"));
const term = (label, ...value) => [make("dt", {}, label), make("dd", {}, ...value)];

/** A value that the drawing has a place for: that it is withheld, or a dash where there is none. */
function shownValue(item, by, name, say) {
  if (!has(item.values, name)) return withheld(say);
  return by.has(`item.${name}`) ? shownPart(by.get(`item.${name}`), say) : "\u2013";
}

const shownPart = ({ value }, say) => foreign(inWords(say, value));

/** Each part in a row, with what belongs to it below; of many, the first until somebody asks. */
function rowsOfParts(parts, say, isDeletion = false) {
  const rows = (some) => some.flatMap((part) => rowOfPart(part, say, isDeletion));
  if (parts.length <= ROWS) return rows(parts);
  const more = make("button", { type: "button", className: "plain" }, say("verifier.exhibits.more"));
  const place = make("dd", { className: "below" }, more);
  let shown = ROWS;
  more.onclick = () => {
    place.before(...rows(parts.slice(shown, shown + ROWS)));
    shown += ROWS;
    if (shown >= parts.length) place.remove();
  };
  return [...rows(parts.slice(0, ROWS)), place];
}

function rowOfPart(part, say, isDeletion) {
  const words = isDeletion && part.code === "item.action" ? say("verifier.exhibit.method") : labelOf(say, part.code);
  const label = [foreign(words), ...(part.number ? [` ${part.number}`] : [])];
  const { value, parts = [] } = part;
  const below = parts.length ? [make("dd", { className: "below" }, make("dl", {}, ...rowsOfParts(parts, say)))] : [];
  return [make("dt", {}, ...label), make("dd", {}, ...(value === null && parts.length ? [] : longText(inWords(say, value), say, "bdi"))), ...below];
}

/** Which values the log commits to and this bundle does not show. */
function withheldRow(item, say) {
  if (!item.withheld.length) return [];
  return term(say("report.item.withheld"), item.withheld.map((name) => labelOf(say, `item.${name}`)).join(", "));
}

function wordsOfText(item, by, say) {
  if (!has(item.values, "text")) return [make("p", { className: "text" }, withheld(say))];
  return by.has("item.text") ? longText(inWords(say, by.get("item.text").value), say) : [];
}

function longText(text, say, name = "p") {
  if (text.length <= LONG) return [foreign(text, name)];
  const short = foreign(text.slice(0, LONG).replace(/[\ud800-\udbff]$/, ""), name);
  const button = make("button", { type: "button", className: "plain" }, say("verifier.exhibit.whole"));
  button.onclick = () => {
    const whole = make("div", { className: "long", tabIndex: 0, role: "group" }, foreign(text, "p"));
    whole.setAttribute("aria-label", say("verifier.kind.message"));
    short.replaceWith(whole);
    button.remove();
  };
  return [short, button];
}

/** A grey box in the place of a picture or file, which is in no bundle. */
function greyBox(by, say) {
  if (!by.has("item.media") && !by.has("item.sha256")) return [];
  const rows = ["item.file_name", "item.media_type", "item.bytes"].filter((code) => by.has(code)).flatMap((code) => term(labelOf(say, code), shownPart(by.get(code), say)));
  const digest = by.get("item.sha256");
  if (digest) rows.push(make("dt", {}, labelOf(say, "item.sha256")), make("dd", { className: "digest" }, digest.sha256 === null ? say("report.item.unread") : foreign(inWords(say, digest.sha256))));
  return [make("div", { className: "grey" }, make("p", {}, say("verifier.exhibit.grey")), make("dl", {}, ...rows))];
}
