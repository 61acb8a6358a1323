// Names of persons: what cannot be one, and when two spellings are one person (evidence/names.py, UTS #39).
// LIMIT: letters are put in one case as this browser knows them, so of rare scripts two programs may differ.
import { encode } from "./bytes.js";
import { refuse } from "./refuse.js";
import { tables } from "./tables.js";

const MOST_BYTES = 200;
const MOST_MARKS = 4;
const BLANK = new Set(["\u2800", "\u{1107f}", "\u{13441}", "\u{13442}", "\u{16fe4}", "\u{1d159}"]);
const looksLike = new Map();
const unseen = [];

function readTables() {
  if (looksLike.size) return;
  const number = (text) => Number.parseInt(text, 16);
  for (const line of tables.confusables.split("\n")) {
    const [one, other] = line.split(";");
    const [first, last] = line.split("..");
    if (other) looksLike.set(String.fromCodePoint(number(one)), other.split(" ").map((code) => String.fromCodePoint(number(code))).join(""));
    else if (last) unseen.push([number(first), number(last)]);
  }
}

const isMark = (letter) => /^\p{M}$/u.test(letter);
const isLetterOrDigit = (letter) => /^[\p{L}\p{N}]$/u.test(letter);
/** Vowel signs of Indian scripts are marks that do not combine in the sense of Unicode's classes: they tell names apart. */
const isCombining = (mark) => `a${mark}\u0328`.normalize("NFD") !== `a${mark}\u0328` || `a\u0301${mark}`.normalize("NFD") !== `a\u0301${mark}`
  || /^\p{Mn}$/u.test(mark);

function isSeen(letter) {
  const code = letter.codePointAt(0);
  if (code < 128) return code >= 32 && code < 127;
  return /^[\p{L}\p{M}\p{N}\p{P}]$/u.test(letter) && !BLANK.has(letter) && !unseen.some(([first, last]) => code >= first && code <= last);
}

function requirePersonName(text) {
  const name = text.replace(/^ +| +$/g, "");
  if (encode(name).length > MOST_BYTES) refuse("authority.name_too_long", { most: MOST_BYTES });
  if (![...name].every(isSeen)) refuse("authority.name_not_seen");
  let [base, heap] = ["", ""];
  for (const letter of name.normalize("NFD")) {
    if (!isMark(letter)) [base, heap] = [letter, ""];
    else if (!base || !isLetterOrDigit(base)) refuse("authority.name_accent_alone");
    else if (heap.includes(letter) || [...heap].length === MOST_MARKS) refuse("authority.name_accents_heaped");
    else heap += letter;
  }
  if (![...name].some(isLetterOrDigit)) refuse("authority.name_blank");
  return name;
}

/** Refuse two names that a reader may take for one person's, and what is no name. */
export function requireOthers(one, other) {
  readTables();
  const seen = likenesses(requirePersonName(one));
  if ([...likenesses(requirePersonName(other))].some((shape) => seen.has(shape))) refuse("authority.names_too_like");
}

/** What a reader may take a name for; two names with one in common are one person's. */
function likenesses(name) {
  const wide = name.normalize("NFKC");
  const cased = [wide, folded(wide), wide.toUpperCase()];
  const seen = cased.flatMap((text) => [skeleton(text), skeleton(bare(text))]).filter(Boolean);
  return new Set(seen.length ? seen : [bare(folded(wide))]);
}

const folded = (text) => [...text].map((letter) => (letter === "\u0131" ? letter : letter.toUpperCase().toLowerCase())).join("");
const skeleton = (text) => bare(folded(shape(folded(shape(text))))).replaceAll("i", "l");

function shape(text) {
  const parts = text.normalize("NFKC").normalize("NFD");
  return [...parts].map((letter) => looksLike.get(letter) ?? letter).join("").normalize("NFD");
}

const bare = (text) => [...text.normalize("NFD")].filter((letter) => isLetterOrDigit(letter) || (isMark(letter) && !isCombining(letter))).join("");
