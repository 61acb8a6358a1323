// Draws exhibits from checked records: what a message said, and a grey box where a picture was. What others wrote is text,
// never HTML; what does not show, or would turn a line around, is spelled out.
import { has, isText, jcs } from "./canonical.js";
import { itemsOf, rowOf, valueOf } from "./records.js";
import { toldTime } from "./times.js";

const LONG = 2_000;
const A_PAGE = 20;
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
  const head = make("p", { className: "head" }, make("strong", {}, has(KIND_WORDS, kind ?? "") ? say(KIND_WORDS[kind]) : say("verifier.withheld")),
    " \u00b7 ", say("verifier.exhibit.number", { number: String(item.index) }));
  const sender = make("p", { className: "sender" }, shownValue(item, "sender_name", say), ...(isShown(item, "sender_id") ? [" \u00b7 ", foreign(String(valueOf(item, "sender_id")))] : []));
  const about = [
    [isAddition(item) ? "verifier.exhibit.source" : "verifier.exhibit.channel", isShown(item, "channel_title") ? foreign(valueOf(item, "channel_title")) : shownValue(item, "channel_title", say)],
    ["verifier.exhibit.posted", timeOf(item, "posted_at", say)],
    ["verifier.exhibit.acquired", timeOf(item, "at", say)],
    ["verifier.exhibit.stamped", toldTime(row.stamped_at, { up: true })],
  ];
  if (kind === "deletion" && isShown(item, "method")) about.push(["verifier.exhibit.method", foreign(valueOf(item, "method"))]);
  const list = make("dl", {}, ...about.flatMap(([key, value]) => [make("dt", {}, say(key)), make("dd", {}, value)]));
  return make("article", { className: kind === "deletion" ? "gone" : "" }, head, sender, ...said(item, say), ...greyBox(item, say), list);
}

const KIND_WORDS = {
  message: "verifier.kind.message", edit: "verifier.kind.edit", deletion: "verifier.kind.deletion",
  service: "verifier.kind.service", channel: "verifier.kind.channel", file: "verifier.kind.file",
  link: "verifier.kind.link",
};
/** Whether somebody brought it: the place of files that were brought at one time begins so, and no channel's number does. */
const isAddition = (item) => isShown(item, "channel_id") && String(valueOf(item, "channel_id")).startsWith("local");
const isShown = (item, name) => has(item.values, name) && item.values[name] !== null;

function shownValue(item, name, say) {
  if (!has(item.values, name)) return make("em", {}, say("verifier.withheld"));
  const value = item.values[name];
  return value === null ? "\u2013" : foreign(isText(value) ? value : jcs(value));
}

const timeOf = (item, name, say) => (isShown(item, name) ? toldTime(item.values[name]) : shownValue(item, name, say));

/** What a message says: its text, an action, and further parts as data. */
function said(item, say) {
  const parts = [];
  if (!has(item.values, "text")) parts.push(make("p", { className: "text" }, make("em", {}, say("verifier.withheld"))));
  for (const name of ["text", "action", "content"]) {
    if (isShown(item, name)) parts.push(...longText(isText(item.values[name]) ? item.values[name] : jcs(item.values[name]), say));
  }
  return parts;
}

function longText(text, say) {
  if (text.length <= LONG) return [foreign(text, "p")];
  const short = foreign(text.slice(0, LONG).replace(/[\ud800-\udbff]$/, ""), "p");
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
function greyBox(item, say) {
  const names = ["file_name", "media_type", "bytes", "sha256"].filter((name) => isShown(item, name));
  if (!isShown(item, "media") && !names.some((name) => name === "sha256")) return [];
  const rows = names.flatMap((name) => [make("dt", {}, say(`verifier.exhibit.${name}`)), make("dd", { className: name === "sha256" ? "digest" : "" }, foreign(String(valueOf(item, name))))]);
  return [make("div", { className: "grey" }, make("p", {}, say("verifier.exhibit.grey")), make("dl", {}, ...rows))];
}
