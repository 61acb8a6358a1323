// The page itself: a file is chosen or dropped, fingerprints are typed from the letter, and what was found is told.
import { decode, hex, sha256OfMuch } from "./bytes.js";
import { has } from "./canonical.js";
import { distinct, readCertificates } from "./certificate.js";
import { FAILED, INDETERMINATE, isOpenAddition, NOT_MADE, PASSED, verifyBundle } from "./checks.js";
import { carriedCertificates } from "./cms.js";
import { SEQUENCE } from "./der.js";
import { drawExhibits, foreign, make } from "./exhibits.js";
import { readContainer } from "./container.js";
import { isCertificate, isSealOrStamp } from "./layout.js";
import { parseKey } from "./note.js";
import { holds } from "./refuse.js";
import { tables } from "./tables.js";
import { askOf, detailOf, facts, isRehearsal, meaningOf, NO, OPEN, signer, unlisted, verdictKey, wholeness, YES } from "./told.js";

const held = { language: "en", file: null, given: [], round: 0, told: null };
const TAGS = { sr: "sr-Cyrl", sh: "sr-Latn", cnr: "sr-Latn", "sr-ME": "sr-Latn" };
const SIGNS = { [YES]: "\u2713", [NO]: "\u2717", [OPEN]: "?" };
const OF_A_CHECK = { [PASSED]: YES, [FAILED]: NO, [INDETERMINATE]: OPEN, [NOT_MADE]: OPEN };
const READ_BYTES = 1 << 23;
const at = (id) => document.getElementById(id);

/** A text in the reader's language. */
function say(key, values = {}) {
  return tables.words[held.language][key].replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

/** The text that a key has, and nothing where it has none. */
say.of = (key) => (has(tables.words[held.language], key) ? tables.words[held.language][key] : undefined);

/** Put every text of the page that stands in it in the reader's language. */
function translate() {
  document.documentElement.lang = held.language;
  document.title = say("verifier.title");
  for (const element of document.querySelectorAll("[data-say]")) element.textContent = say(element.dataset.say);
  for (const link of document.querySelectorAll("nav a")) link.setAttribute("aria-current", String(link.lang === held.language));
  if (held.told) tell(held.told);
  else showName();
}

function showName() {
  at("name").replaceChildren(...(held.file ? [foreign(held.file.name)] : []));
  at("given").replaceChildren(...held.given.map(({ name }) => make("li", {}, foreign(name))));
}

const digitsOf = (text) => text.replace(/[\s:]/g, "").toLowerCase();
const isFingerprint = (text) => /^[0-9a-f]{64}$/.test(text);

/** The fingerprints in a text, one after the other: each has 64 digits, in groups or not. Null where something else is in it. */
function fingerprintsIn(text) {
  const digits = digitsOf(text);
  return digits.length % 64 === 0 && /^[0-9a-f]*$/.test(digits) ? digits.match(/.{64}/g) ?? [] : null;
}

/** What was typed, or null where it is none; says so at its field. */
function typed() {
  const [seal, roots, key] = [digitsOf(at("seal").value), fingerprintsIn(at("roots").value), at("key").value.trim()];
  const isKey = key === "" || holds(() => parseKey(key));
  mark("seal", seal === "" || isFingerprint(seal));
  mark("roots", roots !== null);
  mark("key", isKey);
  if ((seal !== "" && !isFingerprint(seal)) || roots === null || !isKey) return null;
  return { sealPin: seal || null, fingerprints: roots, logKey: key || null };
}

function mark(id, isGood) {
  at(id).setAttribute("aria-invalid", String(!isGood));
  at(`${id}.wrong`).hidden = isGood;
}

async function check(event) {
  event?.preventDefault();
  const given = typed();
  if (!held.file || !given) return document.querySelector("[aria-invalid=true]")?.focus();
  const round = (held.round += 1);
  held.told = null;
  at("result").replaceChildren();
  at("progress").hidden = false;
  const line = at("status");
  const progress = (done) => {
    at("bar").value = done;
    line.textContent = say("verifier.working", { percent: String(Math.round(done * 100)) });
  };
  progress(0);
  await new Promise((done) => { setTimeout(done, 30); });
  const bytes = await readBytes(held.file);
  if (!bytes) return ended(say("verifier.unread"));
  const digest = sha256OfMuch(bytes); // meanwhile
  const { roots, unknown } = await rootsOf(bytes, given.fingerprints);
  const report = await verifyBundle(bytes, { roots, sealPin: given.sealPin, logKey: given.logKey, progress });
  if (round !== held.round) return null;
  held.told = { ...report, pin: given.sealPin, unknown, size: bytes.length, digest: hex(await digest), rows: await facts(report) };
  ended("");
  tell(held.told);
  at("answers").focus();
  return null;
}

function ended(text) {
  at("progress").hidden = true;
  at("status").textContent = text;
  at("refusal").textContent = text;
}

/** The bytes of a file, read in parts: a browser that is asked for all at once holds them more than once. */
async function readBytes(file) {
  try {
    const bytes = new Uint8Array(file.size);
    for (let at = 0; at < bytes.length; at += READ_BYTES) bytes.set(new Uint8Array(await file.slice(at, at + READ_BYTES).arrayBuffer()), at);
    return bytes;
  } catch {
    return null;
  }
}

/** The roots that are trusted: files that were given, and certificates of the bundle whose fingerprint was typed. */
async function rootsOf(bytes, fingerprints) {
  const given = [];
  const unknown = [];
  for (const file of held.given) {
    const content = await readBytes(file);
    if (!content || !holds(() => given.push(...readCertificates(content)))) unknown.push(file.name);
  }
  const inside = fingerprints.length ? certificatesIn(bytes) : [];
  for (const fingerprint of fingerprints) {
    const found = inside.find((one) => one.fingerprint === fingerprint);
    if (found) given.push(found);
    else unknown.push(fingerprint);
  }
  return { roots: distinct(given), unknown };
}

/**
 * The certificates that a bundle carries, and those in its seals and stamps, of whoever added one later. None is trusted for
 * lying there: a fingerprint from paper names one whole certificate, wherever its bytes were.
 */
function certificatesIn(bytes) {
  const found = [];
  holds(() => {
    for (const [name, content] of readContainer(bytes)) {
      const read = isCertificate(name) ? readCertificates : isSealOrStamp(name) ? carriedCertificates : () => [];
      holds(() => found.push(...read(content)));
    }
  });
  return found;
}

function tell(told) {
  showName();
  const whole = wholeness(told.findings);
  const by = signer(told, told.pin);
  const parts = [
    make("h2", { id: "answers", tabIndex: -1 }, say("verifier.result")),
    ...(isRehearsal(told) ? [make("p", { className: "rehearsal" }, say("verifier.rehearsal"))] : []),
    make("div", { className: "answers" }, answer("whole", whole), answer("signer", by.answer, by)),
    make("p", { className: "verdict" }, make("strong", {}, told.verdict), " \u2014 ", say(`verifier.verdict.${told.verdict === PASSED && told.findings.some(isOpenAddition) ? "added" : verdictKey(told.verdict)}`)),
    ...told.unknown.map((name) => make("p", { className: "warning" }, say("verifier.roots.unknown"), " ", make("span", { className: "digest" }, foreign(name)))),
    ...troubles(told),
    ...unlistedOf(told),
    ...tableOf(told),
    ...checksOf(told),
  ];
  at("result").replaceChildren(...parts);
  tellExhibits(told);
}

/** One of the two lines: a sign and a word, so that black and white is enough, and a sentence. */
function answer(name, given, { fingerprint = null } = {}) {
  const word = name === "signer" && given === OPEN && fingerprint ? "verifier.signer.compare" : `verifier.${given}`;
  const text = make("p", {}, say(`verifier.${name}.${given}`));
  const digest = fingerprint && given !== YES ? [make("p", { className: "digest" }, inGroups(fingerprint))] : [];
  return make("div", { className: `answer ${given}` },
    make("p", { className: "line" }, make("span", { className: "sign", ariaHidden: "true" }, SIGNS[given]), make("span", {}, say(`verifier.${name}`), ": ", make("strong", {}, say(word)))), text, ...digest);
}

const inGroups = (digest) => digest.match(/.{4}/g).join(" ");

/** What does not hold, in words: which file, what that means, whom to ask. */
function troubles({ findings }) {
  const wrong = findings.filter(({ verdict, code }) => verdict === FAILED || (verdict === INDETERMINATE && code !== "finding.not_made"));
  // without roots, each stamp says the same: it is said once
  const isSaid = new Set();
  const told = wrong.filter(({ code }) => code !== "undecided.no_roots" || (!isSaid.has(code) && isSaid.add(code)));
  if (!told.length) return [];
  return [make("h3", {}, say("verifier.troubles")), ...told.map(troubleOf)];
}

function troubleOf(finding) {
  const { id, verdict, code, facts: given } = finding;
  const isWithoutRoots = code === "undecided.no_roots";
  const meaning = isWithoutRoots ? "verifier.means.roots" : `verifier.means.${meaningOf(id)}`;
  const ask = isWithoutRoots ? "verifier.ask.letter" : `verifier.ask.${askOf(id)}`;
  const where = placeOf(given);
  const file = where ? [make("p", {}, say("verifier.where"), " ", make("span", { className: "mono" }, foreign(where)))] : [];
  return make("div", { className: `trouble ${OF_A_CHECK[verdict]}` },
    make("p", { className: "line" }, make("span", { className: "sign", ariaHidden: "true" }, SIGNS[OF_A_CHECK[verdict]]), make("strong", {}, say(`verifier.check.${id}`)), " ", make("span", { className: "mono id" }, id)),
    make("p", {}, say(meaning)), ...file, make("p", {}, say(ask)),
    make("details", {}, make("summary", {}, say("verifier.detail")), make("p", { className: "mono", lang: "en" }, foreign(detailOf(finding)))));
}

/** The file, the line of it, or the entry of the log that a finding is about. */
function placeOf({ where, member, number, index }) {
  if (typeof where === "string" && where) return where;
  if (member) return `${member}:${number}`;
  return index === undefined ? null : say("verifier.exhibit.number", { number: String(index) });
}

/** Whether a certificate without a revocation list was revoked, nobody looked; so each is named. */
function unlistedOf(told) {
  const names = unlisted(told);
  return names.length ? [make("p", { className: "note unlisted" }, foreign(say("verifier.unlisted", { names: names.join(", ") })))] : [];
}

function tableOf({ rows, digest, size }) {
  const file = [["name", held.file.name], ["size", String(size)], ["digest", inGroups(digest)]];
  const groups = [["who", rows.who], ["what", [...rows.what, ...file]], ["when", rows.when]];
  const table = make("table", {}, ...groups.map(([name, lines]) => make("tbody", {},
    make("tr", {}, Object.assign(make("th", { colSpan: 2, scope: "rowgroup" }, say(`verifier.${name}`)))),
    ...lines.map(([key, value, words]) => make("tr", {}, make("th", { scope: "row" }, say(`verifier.fact.${key}`)),
      make("td", { className: key === "digest" ? "digest" : "" }, value === null || value === undefined ? make("em", {}, say("verifier.unconfirmed")) : words ? say(words) : foreign(String(value))))))));
  return [make("h3", {}, say("verifier.facts")), table];
}

function checksOf({ findings }) {
  const count = (...verdicts) => findings.filter(({ verdict }) => verdicts.includes(verdict)).length;
  const numbers = { good: String(count(PASSED)), bad: String(count(FAILED)), open: String(count(INDETERMINATE)), none: String(count(NOT_MADE)) };
  const lines = findings.map(({ id, verdict, code }) => {
    const sign = OF_A_CHECK[verdict];
    const word = verdict === NOT_MADE || code === "finding.not_made" ? "verifier.made.none" : `verifier.made.${sign}`;
    return make("li", { className: sign }, make("span", { className: "sign", ariaHidden: "true" }, SIGNS[sign]), make("span", {}, say(`verifier.check.${id}`), " ", make("span", { className: "mono id" }, id)), make("span", { className: "word" }, say(word)));
  });
  return [make("details", { className: "checks" }, make("summary", {}, say("verifier.checks", numbers)), make("ul", {}, ...lines), make("p", { className: "note" }, say("verifier.texts")))];
}

/** Only what is proven to be in the log is drawn. */
async function tellExhibits({ findings, opened }) {
  const needed = ["log.leaves", "log.inclusion", "log.disclosures", "log.checkpoint", "log.times", "records.schemas"];
  const isProven = needed.every((id) => findings.find((finding) => finding.id === id)?.verdict === PASSED);
  const head = make("h3", {}, say("verifier.exhibits"));
  if (!isProven) return at("result").append(head, make("p", {}, say("verifier.exhibits.none")));
  const [records, { bounds }] = [await opened.records(), await opened.anchorage()];
  return at("result").append(head, make("p", { className: "note" }, say("verifier.exhibits.text")), ...drawExhibits(records, bounds, say));
}

/** Files that were dropped or chosen: certificates are roots, and anything else is the file to check. */
async function take(files) {
  for (const file of files) {
    if (await isCertificateFile(file)) held.given = [...held.given.filter(({ name }) => name !== file.name), file];
    else held.file = file;
  }
  held.told = null;
  at("result").replaceChildren();
  at("check").disabled = !held.file;
  ended("");
  showName();
}

async function isCertificateFile(file) {
  if (file.size > 1_000_000) return false;
  const bytes = await readBytes(file);
  // a bundle has certificates in it, and is no text
  const isOne = bytes !== null && bytes.length > 0 && (bytes[0] === SEQUENCE || decode(bytes) !== null);
  return isOne && holds(() => readCertificates(bytes));
}

function dropping(isOver) {
  return (event) => {
    event.preventDefault();
    at("drop").classList.toggle("over", isOver);
    if (!isOver && event.dataTransfer?.files.length) take([...event.dataTransfer.files]);
  };
}

function languageOf(wanted) {
  const tags = [wanted, wanted.split("-")[0]];
  return tags.map((tag) => TAGS[tag] ?? tag).find((tag) => tag in tables.words);
}

function begin() {
  held.language = [decodeURIComponent(location.hash.slice(1)), ...navigator.languages].map(languageOf).find(Boolean) ?? "en";
  for (const link of document.querySelectorAll("nav a")) {
    link.onclick = (event) => {
      event.preventDefault();
      held.language = link.lang;
      translate();
    };
  }
  for (const id of ["file", "pem"]) at(id).onchange = ({ target }) => take([...target.files]);
  for (const id of ["seal", "roots", "key"]) at(id).oninput = () => mark(id, true);
  at("form").onsubmit = check;
  addEventListener("dragover", dropping(true));
  addEventListener("dragleave", dropping(false));
  addEventListener("drop", dropping(false));
  document.documentElement.classList.add("script");
  translate();
}

begin();
