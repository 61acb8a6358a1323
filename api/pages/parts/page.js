// The page itself: one step at a time, nothing stored, and a way out at every moment.

import { MOST_PICTURES, fingerprint, seal } from "./question.js";
import { Refused } from "./decode.js";
import { inCyrillic, readWords } from "./proquint.js";

const page = JSON.parse(document.getElementById("data").textContent);
const stage = document.getElementById("step");
/** What is held while she decides; it lives in this script alone and ends with the page. */
const held = { language: "en", step: "about", round: 0, number: 0, told: [], pictures: [], seals: {}, sealed: null };
const READ_CYRILLIC = ["mk", "sr-Cyrl"];
const FILE = "question.age";
const LEAVE_PRESSES = 3;
const LEAVE_WITHIN_MS = 5000;

/** A text in her language. */
function say(key, values = {}) {
  return page.words[held.language][key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

/** An element; what is in it is text or further elements, never HTML. */
function make(name, properties, ...inner) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...inner);
  return made;
}

const text = (key, values) => make("p", {}, say(key, values));
const heading = (key) => make("h1", { tabIndex: -1 }, say(key));
const called = () => make("p", { className: "reach" }, page.contact);
const button = (key, onclick, className = "main") => make("button", { type: "button", className, onclick }, say(key));
const plain = (key, step) => button(key, () => go(step), "plain");
const status = (key = null) => make("p", { className: "status", role: "status" }, ...(key ? [say(key)] : []));

const STEPS = {
  about: () => [
    ...Array.from(document.getElementById(held.language).querySelectorAll("[data-about]"), (each) => each.cloneNode(true)),
    ...(isAble() ? [] : [text("page.old"), called()]),
    make("div", { className: "choices" }, ...(isAble() ? [button("page.start", () => go("age"))] : []),
      ...(page.post === null ? [] : [plain("page.state", "state")])),
  ],
  age: () => [
    heading("page.age"),
    make("p", { className: "large" }, say("page.age.ask")),
    make("div", { className: "choices" }, button("page.age.yes", () => go("pick")), button("page.age.no", () => go("minor"))),
    plain("page.back", "about"),
  ],
  minor: () => [
    heading("page.minor"),
    text("page.minor.text"),
    make("p", { className: "reach" }, page.hotline),
    text("page.minor.none"),
    plain("page.back", "age"),
  ],
  pick,
  send,
  hand,
  handed,
  sent: () => [...receipt(), text("page.words.received", { date: answerDay() }), text("page.words.call"), called(),
    plain("page.state", "state"), plain("page.again", "about")],
  state,
};

/** Whether this browser has what the code needs; over plain http, none has `crypto.subtle`. */
function isAble() {
  return Boolean(globalThis.crypto?.subtle && globalThis.createImageBitmap);
}

/** Show a step from its top. */
function go(step) {
  if (step === "about") forget();
  held.step = step;
  render();
  stage.querySelector("h1").focus();
  scrollTo(0, 0);
}

function render() {
  stage.lang = held.language;
  document.documentElement.lang = held.language;
  const out = document.getElementById(held.language).querySelector(".leave").cloneNode(true);
  out.onclick = leave;
  const rehearsal = page.rehearsal ? [make("p", { className: "rehearsal" }, say("page.rehearsal"))] : [];
  stage.replaceChildren(make("div", { className: "bar" }, out), ...rehearsal, ...STEPS[held.step]());
}

function pick() {
  const input = make("input", { type: "file", id: "file", multiple: true, accept: page.accept, className: "file" });
  const label = make("label", { htmlFor: "file", className: held.number ? "button" : "button main" },
    say(held.number ? "page.pick.more" : "page.pick.button"));
  const line = status();
  input.onchange = () => take([...input.files], line, [input, label]);
  const isFull = held.pictures.length >= MOST_PICTURES;
  return [
    heading("page.pick"),
    text("page.pick.text"),
    make("ul", { className: "told" }, ...held.told.map((told) => make("li", {}, ...told()))),
    ...(isFull ? [] : [input, label]),
    line,
    ...(held.pictures.length ? [button("page.pick.go", () => go(page.post === null ? "hand" : "send"))] : []),
    plain("page.again", "about"),
  ];
}

/** Make the codes of the files that she chose, one after the other. */
async function take(files, line, controls) {
  for (const control of controls) control.hidden = true;
  line.textContent = say("page.pick.working");
  const { round } = held;
  for (const file of files) {
    if (held.pictures.length >= MOST_PICTURES) {
      held.told.push(() => [say("page.refused.more")]);
      break;
    }
    await takeOne(file, (held.number += 1), round);
    if (isOver(round)) return;
  }
  go("pick");
}

/** Whether she went elsewhere since, or began again: what was made for her then is dropped. */
const isOver = (round) => held.step !== "pick" || held.round !== round;

async function takeOne(file, number, round) {
  try {
    const made = await fingerprint(file);
    if (isOver(round)) return;
    held.pictures.push(made);
    held.seals = {};
    held.told.push(() => [say("page.pick.ready", { number })]);
  } catch (error) {
    const why = error instanceof Refused ? error.why : "damaged";
    if (isOver(round)) return;
    held.told.push(() => [say(`page.refused.${why}`, { number }), ...(why === "browser" ? [called()] : [])]);
  }
}

function send() {
  const input = make("input", { type: "text", id: "words", autocomplete: "off", spellcheck: false });
  input.setAttribute("autocapitalize", "none");
  input.setAttribute("aria-describedby", "hint");
  const line = status();
  const onsubmit = (event) => {
    event.preventDefault();
    const ticket = readWords(input.value);
    if (ticket) post(ticket, line);
    else line.textContent = say("page.send.shape");
  };
  return [
    heading("page.send"),
    make("form", { onsubmit }, make("label", { htmlFor: "words" }, say("page.send.ticket")), input,
      make("p", { id: "hint", className: "hint" }, say("page.send.hint")),
      make("button", { type: "submit", className: "main" }, say("page.send.button"))),
    line,
    plain("page.send.other", "hand"),
    plain("page.back", "pick"),
  ];
}

const ANSWERS = { 403: "page.send.refused", 413: "page.send.long", 429: "page.send.busy" };

async function post(ticket, line) {
  line.textContent = say("page.send.working");
  const sealed = await sealedOnce({ crops: true });
  const answer = await ask("", { ticket, sealed: sealed.armor });
  if (answer?.status !== 202) {
    line.textContent = say(ANSWERS[answer?.status] ?? "page.send.failed");
    return;
  }
  held.sealed = sealed;
  held.pictures = [];
  held.seals = {};
  go("sent");
}

/** A question is sealed once for each form: sent or saved again, it is the same question with the same receipt. */
function sealedOnce({ crops }) {
  return (held.seals[crops] ??= seal(held.pictures, page.recipient, { crops }));
}

/** One call of the office's server; null where it cannot be reached. */
function ask(what, body) {
  const headers = { "Content-Type": "application/json" };
  const how = { method: "POST", headers, credentials: "omit", cache: "no-store", referrerPolicy: "no-referrer" };
  return fetch(`${page.post}/api/v1/questions${what}`, { ...how, body: JSON.stringify(body) }).catch(() => null);
}

function hand() {
  return [
    heading("page.hand"),
    text("page.hand.text"),
    make("div", { className: "choices" }, button("page.hand.save", () => handOver("file")),
      button("page.hand.show", () => handOver("text"), "button")),
    text("page.hand.contact"),
    called(),
    plain("page.back", page.post === null ? "pick" : "send"),
  ];
}

/** A pasted text leaves the crops out: they would make it a hundred times as long. */
async function handOver(way) {
  held.sealed = { ...(await sealedOnce({ crops: way === "file" })), way };
  if (way === "file") save(held.sealed.bytes);
  go("handed");
}

function save(bytes) {
  const href = URL.createObjectURL(new Blob([bytes], { type: "application/octet-stream" }));
  make("a", { href, download: FILE }).click();
  setTimeout(() => URL.revokeObjectURL(href), 60_000);
}

function handed() {
  const way = held.sealed.way === "file" ? [text("page.hand.saved", { file: FILE })] : shown(held.sealed.armor);
  return [...receipt(), ...way, text("page.words.handed"), text("page.hand.contact"), called(),
    plain("page.back", "hand"), plain("page.again", "about")];
}

function shown(armor) {
  const area = make("textarea", { id: "armor", readOnly: true, rows: 8, spellcheck: false, value: armor });
  area.onfocus = () => area.select();
  const line = status();
  const copy = async () => {
    area.select();
    await navigator.clipboard.writeText(armor);
    line.textContent = say("page.hand.copied");
  };
  return [make("label", { htmlFor: "armor" }, say("page.hand.label")), area, button("page.hand.copy", copy, "button"), line];
}

/** Her five words, in the letters that she reads, and what they are for. */
function receipt() {
  const latin = held.sealed.receipt;
  const scripts = READ_CYRILLIC.includes(held.language) ? [inCyrillic(latin), latin] : [latin];
  const lists = scripts.map((words) => {
    const list = make("p", { className: "words", translate: false }, ...words.split("-").flatMap((word, at) => [
      ...(at ? ["-", make("wbr", {})] : []), make("span", {}, word)]));
    return list;
  });
  return [heading("page.words"), ...lists, text("page.words.keep")];
}

/** Written here: browsers without a locale for mk or sr would write it as Americans do. */
function answerDay() {
  const day = new Date();
  day.setDate(day.getDate() + page.days);
  if (held.language !== "en") return `${day.getDate()}.${day.getMonth() + 1}.${day.getFullYear()}`;
  return new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long", year: "numeric" }).format(day);
}

function state() {
  const input = make("input", { type: "text", id: "words", autocomplete: "off", spellcheck: false });
  input.setAttribute("autocapitalize", "none");
  input.setAttribute("aria-describedby", "hint");
  const told = make("div", { className: "status", role: "status" });
  const onsubmit = (event) => {
    event.preventDefault();
    const words = readWords(input.value);
    if (words) tell(words, "/state", told);
    else told.replaceChildren(text("page.send.shape"));
  };
  return [
    heading("page.state.title"),
    make("form", { onsubmit }, make("label", { htmlFor: "words" }, say("page.state.label")), input,
      make("p", { id: "hint", className: "hint" }, say("page.send.hint")),
      make("button", { type: "submit", className: "main" }, say("page.state.button"))),
    told,
    plain("page.back", "about"),
  ];
}

/** Ask about a question or take it back, and say what became of it. */
async function tell(words, what, told) {
  const answer = await ask(what, { receipt: words });
  const became = answer?.status === 200 ? (await answer.json()).state : answer?.status === 404 ? "unknown" : "failed";
  const sure = () => button("page.state.sure", () => tell(words, "/withdraw", told), "button");
  const isOpen = became === "received" || became === "answered";
  told.replaceChildren(
    text(`page.state.${became}`),
    ...(became === "received" || became === "withdrawn" ? [] : [called()]),
    ...(isOpen ? [button("page.state.withdraw", (event) => putInPlace(event.target, sure()), "plain")] : []),
  );
}

function putInPlace(old, made) {
  old.replaceWith(made);
  made.focus();
}

function forget() {
  Object.assign(held, { round: held.round + 1, number: 0, told: [], pictures: [], seals: {}, sealed: null });
}

/** Empty the page at once, then put another site in its place, so that "back" does not lead here. */
function leave(event) {
  event?.preventDefault();
  forget();
  document.title = "";
  document.body.replaceChildren();
  location.replace(page.exit);
}

function watchKeys() {
  let presses = [];
  addEventListener("keydown", ({ key, repeat, timeStamp }) => {
    if (repeat) return;
    const isOut = key === "Shift" || key === "Escape";
    presses = isOut ? [...presses.filter((each) => each.key === key && timeStamp - each.at < LEAVE_WITHIN_MS), { key, at: timeStamp }] : [];
    if (presses.length >= LEAVE_PRESSES) leave();
  });
}

/** The language of the address, else the first of the browser's that the page has. */
function languageOf(wanted) {
  const known = Object.keys(page.words);
  const tags = [wanted, ...wanted.split("-").slice(0, 1)];
  return tags.map((tag) => page.tags[tag] ?? tag).find((tag) => known.includes(tag));
}

function begin() {
  const wanted = [decodeURIComponent(location.hash.slice(1)), ...navigator.languages];
  held.language = wanted.map(languageOf).find(Boolean) ?? "en";
  for (const link of document.querySelectorAll(".languages a")) {
    link.onclick = (event) => {
      event.preventDefault();
      held.language = link.lang;
      render();
    };
  }
  watchKeys();
  addEventListener("pageshow", (event) => event.persisted && go("about"));
  document.documentElement.classList.add("script");
  render();
}

begin();
