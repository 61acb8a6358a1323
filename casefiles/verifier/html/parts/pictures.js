// Finds pictures, video and prints of pictures in a member (casefiles/format/pictures.py, evidence/pictures.py).
// LIMIT: it guards against mistakes of the sender; whoever sets out to hide a picture can.
import { byteText, decode, decodedParts, encode, fromHex, fromLatin1, latin1, latin1OfUrlSafe, linesOf, Room, windowsOf } from "./bytes.js";
import { has, isObject, isText, isUnicode, readJson } from "./canonical.js";
import { memberOf } from "./layout.js";
import { readStamp } from "./lines.js";
import { partsOfPages } from "./pdf.js";
import { refuse, Refused } from "./refuse.js";
import { tables } from "./tables.js";

const FORMATS = tables.pictures.map((form) => ({ ...form, opening: latin1(fromHex(form.opening)) }));
const SPELLINGS = FORMATS.flatMap((form) => [0, 1, 2].map((alignment) => spellingOf(form, alignment)));
// a tail of two characters stands everywhere in a long run of one: then what is before it is compared at once
const GUARDED = SPELLINGS.filter(({ tail, pattern }) => tail.length <= 2 && tail !== pattern);
const TAILS = new RegExp([...GUARDED.map(({ tail, pattern }) => `${tail}(?<=${pattern})`),
  anyOf(SPELLINGS.filter((one) => !GUARDED.includes(one)).map(({ tail }) => tail))].join("|"), "g");
const WITH_TAIL = new Map(SPELLINGS.map(({ tail }) => [tail, SPELLINGS.filter((one) => one.tail.startsWith(tail))]));
const AT_ONCE = 1 << 20, BETWEEN = encode(" "), SHORTEST_LINE = 24, MOST_SEEN = 10_000;
/** What bytes are, as bits: a control character, one that is no ASCII, what begins an escape, the end of a line. */
const CONTROL = 1, BEYOND = 2, ESCAPE = 4, LINE_END = 8;
const MARKS = Uint8Array.from({ length: 256 }, (_, code) => (code > 127 ? BEYOND : code < 32 ? CONTROL : 0));
for (const [letters, mark] of [["\t", 0], ["\n\r", LINE_END], ["\\%&", ESCAPE]]) for (const letter of letters) MARKS[letter.charCodeAt(0)] = mark;
/** Each byte in the standard alphabet of Base64. One that is no ASCII stands for nothing that is searched for. */
const STANDARD = Uint8Array.from({ length: 256 }, (_, code) => Math.min(code, 127));
for (const [letter, other] of ["-+", "_/", "\r\n"]) STANDARD[letter.charCodeAt(0)] = other.charCodeAt(0);
const standardRoom = new Uint8Array(2 * AT_ONCE);
const ESCAPES = /\\+(?:([/\n\t])|([nrt])|(?:u00|x)([0-7][0-9A-Fa-f]))?|%(?:25)*([0-7][0-9A-Fa-f])|&(?:amp;)*(?:#[Xx]0*([0-9A-Fa-f]{1,2})|#0*([0-9]{1,3})|(sol|plus|NewLine));/g;
const SHORT_ESCAPES = { n: "\n", r: "\n", t: "\t", sol: "/", plus: "+", NewLine: "\n" };
const CONTROLS = /[\x00-\x08\x0b\x0c\x0e-\x1f]/;
const PRINT = String.raw`(?:\w*_)?(?:pdq\w*|[apdw]_?hash|photodna|perceptual\w*|fingerprints?|thumbs?|thumbnails?|stripped\w*|preview)(?:_\w*)?`;
const PRINT_FIELD = new RegExp(`^${PRINT}$`, "i");
/** As the next, of a text in the standard alphabet. */
const STANDARD_FIELD = /"(?!stripped":"[0-9]{1,19}"\})([A-Za-z0-9/]+)"[ \t\n\f\v]*:/gi;
const JSON_FIELD = /"(?!stripped":"[0-9]{1,19}"\})(\w+)"[ \t\n\r\f\v]*:/gi;
const CSV_COLUMN = new RegExp(String.raw`(?:^(?:\xef\xbb\xbf)?|;)"?(${PRINT})"?(?:;|$)`, "i");
const SALT = /^\["[A-Za-z0-9_-]{43}",/;
const WITHHELD_LINE = /^([a-z][a-z0-9_]{0,63}) [A-Za-z0-9_-]{43}$/;

function spellingOf(form, alignment) {
  const [first, last] = [Math.ceil((alignment * 8) / 6), Math.floor(((alignment + form.opening.length) * 8) / 6)];
  const characters = btoa(`${"\0".repeat(alignment)}${form.opening}\0\0`);
  const pattern = characters.slice(first, last);
  return { form, alignment, before: characters.slice(0, first), pattern, tail: pattern.replace(/^[a-z0-9]+/, "") };
}

/** A regular expression for the shortest of these patterns at a place. */
function anyOf(patterns) {
  const shortest = [...new Set(patterns)].filter((one, _, all) => !all.some((other) => other !== one && one.startsWith(other)));
  return shortest.map((one) => one.replace(/[+/]/g, "\\$&")).join("|");
}

/** Refuse a member that holds a picture, video, thumbnail or perceptual hash. `entries` is null where they cannot be read. */
export async function requireNoPicture(name, content, { entries = null, breathe }) {
  const { search } = memberOf(name);
  if (search === "der") return requireNoPictureInBytes(name, content);
  if (search === "pages") {
    for await (const part of partsOfPages(name, content)) {
      requireNoPictureInBytes(name, part);
      await breathe();
    }
    return null;
  }
  // of entries in the spelling of a writer each letter is known
  if (!entries?.isQuick) requireText(name, content);
  if (entries) return void entries.pictures.value;
  if (search === "entries" || search === "stamps") return requireLinesWithout(name, content, search === "stamps" ? shownByStamp : shownByLine, breathe);
  const seen = new Set();
  for (const part of windowsOf(content, AT_ONCE, tables.limits.mostSpelled)) {
    requirePart(name, part, search, seen);
    await breathe();
  }
  if (search === "columns") {
    const found = CSV_COLUMN.exec(latin1(content.subarray(0, AT_ONCE)).split("\r\n", 1)[0]);
    if (found) refuse("gate.print_field", { where: name, found: found[1] });
  }
  return null;
}

async function requireLinesWithout(name, content, shownBy, breathe) {
  const shown = new ShownParts(name);
  for (const part of shownByLines(content, shownBy)) {
    shown.take(part);
    shown.searchMany();
    await breathe();
  }
  shown.end();
}

/** What lines show, searched many at once: there can be millions. Nothing that is searched for goes from one into the next. */
export class ShownParts {
  constructor(name) {
    Object.assign(this, { name, room: new Room(AT_ONCE), between: BETWEEN, seen: new Set() });
  }

  /** Take bytes of a text, a text of one character for each byte, or a token as `{ token }`, which is searched at once. */
  take(part) {
    if (part.token) requireNoPictureInBytes(this.name, part.token);
    else {
      this.room.put(isText(part) ? fromLatin1(part) : part);
      this.room.put(BETWEEN);
    }
  }

  takeEntry({ lines, leaf }) {
    for (const line of lines) this.take(disclosedBy(byteText(line)));
    this.take(leaf);
  }

  /** Search what was taken, if it is much. */
  searchMany() {
    if (this.room.length >= AT_ONCE) this.end();
  }

  end() {
    requirePart(this.name, this.room.all, memberOf(this.name).search, this.seen);
    this.forget();
  }

  forget() {
    this.room.length = 0;
  }
}

function requireText(name, content) {
  for (const text of decodedParts(content, AT_ONCE)) {
    if (text === null) refuse("gate.not_text", { where: name });
    if (CONTROLS.test(text)) refuse("gate.control_characters", { where: name });
  }
}

function requirePart(name, part, search, seen) {
  const isTakenApart = search === "entries" || search === "stamps";
  const { text, marks } = standardOf(part);
  // what was taken apart must be text as well
  if (isTakenApart && marks & CONTROL) refuse("gate.control_characters", { where: name });
  if (isTakenApart && marks & BEYOND && decode(part) === null) refuse("gate.not_text", { where: name });
  for (const found of foundEncoded(text, marks)) refuse("gate.picture_in_base64", { where: name, kind: found });
  if (!isTakenApart && search !== "fields") return;
  for (const [, field] of text.matchAll(STANDARD_FIELD)) {
    // thousands of lines have the same few names: each is compared with our words once
    if (!seen.has(field) && PRINT_FIELD.test(field.replaceAll("/", "_"))) requireNoPrintField(name, latin1(part));
    if (seen.size < MOST_SEEN) seen.add(field);
  }
}

function requireNoPrintField(name, text) {
  for (const [, field] of text.matchAll(JSON_FIELD)) if (PRINT_FIELD.test(field)) refuse("gate.print_field", { where: name, found: field.slice(0, 80) });
}

function requireNoPictureInBytes(name, content) {
  const text = latin1(content);
  for (const form of FORMATS) {
    let at = form.anywhere ? text.indexOf(form.opening) : text.startsWith(form.opening) ? 0 : -1;
    while (at >= 0) {
      if (FITS[form.fits](text.slice(at, at + form.window))) refuse("gate.picture", { where: name, kind: form.name, at });
      at = form.anywhere ? text.indexOf(form.opening, at + 1) : -1;
    }
  }
  const standard = standardOf(content);
  for (const found of foundEncoded(standard.text, standard.marks)) refuse("gate.picture_in_base64", { where: name, kind: found });
}

/** A line that is too short to be read is not tried, and one that says nothing is left out. */
function* shownByLines(content, shownBy) {
  for (const line of linesOf(content)) {
    if (line.length >= SHORTEST_LINE) yield* shownBy(line);
    else if (line.length) yield line;
  }
}

/** A line of `entries.jsonl` that is not in its one spelling; one of another form is searched as it is. */
function* shownByLine(line) {
  const row = orNull(() => readJson(line, ""));
  const isEntry = isObject(row) && has(row, "disclosures") && Array.isArray(row.disclosures) && isText(row.leaf)
    && Object.keys(row).every((name) => ["disclosures", "leaf", "index", "path"].includes(name));
  if (!isEntry) {
    yield line;
    return;
  }
  const { disclosures, leaf, ...more } = row;
  // half of a surrogate pair is no text: a byte that is none either stands for it
  const asBytes = (text) => (isUnicode(text) ? byteText(text) : "\xed");
  for (const one of disclosures) yield disclosedBy(asBytes(String(one)));
  yield asBytes(leaf);
  yield JSON.stringify(more).replace(/"[A-Za-z0-9+/]{43}="/g, "");
}

function* shownByStamp(line) {
  const stamp = orNull(() => readStamp(line, ""));
  if (!stamp) {
    yield line;
    return;
  }
  yield { token: stamp.token };
  yield stamp.checkpoint;
  for (const node of stamp.consistency) yield btoa(latin1(node));
}

/** What `read` gives; null where it refuses. */
function orNull(read) {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return null;
  }
}

/** The name and value of a disclosure, without its salt: its own spelling is not searched. */
function disclosedBy(line) {
  const withheld = WITHHELD_LINE.exec(line);
  if (withheld) return withheld[1];
  const data = latin1OfUrlSafe(line);
  return data === null ? line : data.replace(SALT, "");
}

/** Bytes as a text in the standard alphabet of Base64, of one character for each, and what they are. */
function standardOf(bytes) {
  const room = bytes.length <= standardRoom.length ? standardRoom : new Uint8Array(bytes.length);
  let marks = 0;
  for (let at = 0; at < bytes.length; at++) {
    const code = bytes[at];
    room[at] = STANDARD[code];
    marks |= MARKS[code];
  }
  return { text: decode(room.subarray(0, bytes.length)), marks };
}

/** A text in that alphabet, its escapes resolved and its wrapped lines joined. */
function unescaped(text, marks) {
  const standard = marks & ESCAPE ? text.replace(ESCAPES, meantBy) : text;
  return marks & (ESCAPE | LINE_END) && standard.includes("\n") ? standard.replace(/=?\n[ \t\n]*/g, jointOr) : standard;
}

function meantBy(whole, itself, short, inJson, inUrl, inHex, inDecimal, name) {
  if (itself) return itself;
  if (short || name) return SHORT_ESCAPES[short || name];
  const digits = inJson ?? inUrl ?? inHex;
  if (digits === undefined && inDecimal === undefined) return whole;
  const meant = String.fromCharCode(digits === undefined ? Number(inDecimal) : Number.parseInt(digits, 16));
  // nothing else makes a run longer
  return /^[A-Za-z0-9+/_\r\n\t-]$/.test(meant) ? meant.replace("-", "+").replace("_", "/").replace("\r", "\n") : whole;
}

/** The end of a line inside a run, with the soft break of quoted-printable and what indents, is nothing; any other stays. */
function jointOr(whole, at, text) {
  const isInside = /^[A-Za-z0-9+/]{16}$/.test(text.slice(Math.max(0, at - 16), at)) && /[A-Za-z0-9+/]/.test(text[at + whole.length] ?? "");
  return isInside ? "" : whole;
}

/** Pictures in runs of Base64, standard or URL-safe, escaped or wrapped, wherever they begin in a quantum. */
function* foundEncoded(text, marks) {
  const standard = unescaped(text, marks);
  TAILS.lastIndex = 0;
  for (let found = TAILS.exec(standard); found; found = TAILS.exec(standard)) {
    const next = found.index + 1;
    for (const spelling of WITH_TAIL.get(found[0])) {
      const at = found.index + spelling.tail.length - spelling.pattern.length;
      if (at >= 0 && standard.startsWith(spelling.pattern, at) && stands(standard, spelling, at)) yield spelling.form.name;
    }
    TAILS.lastIndex = next;
  }
}

/** Whether the picture of a spelling is at `at`; a character that carries bits of the opening and is not there is taken for the right one. */
function stands(text, { form, alignment, before, pattern }, at) {
  const mixed = at > 0 && before ? text[at - 1] : "";
  const lead = /^[A-Za-z0-9+/]$/.test(mixed) ? before.slice(0, -1) + mixed : before;
  const [run] = /^[A-Za-z0-9+/]+/.exec(text.slice(at, at + Math.floor((form.window * 3) / 2) + 8)) ?? [""];
  const whole = lead + run;
  const cut = whole.slice(0, whole.length - (whole.length % 4 === 1 ? 1 : 0));
  const data = atob(cut + "=".repeat((4 - (cut.length % 4)) % 4)).slice(alignment);
  return Boolean(pattern) && data.startsWith(form.opening) && FITS[form.fits](data.slice(0, Math.max(form.window, data.length)));
}

const byte = (data, at) => data.charCodeAt(at);
const big = (data, from, to) => [...data.slice(from, to)].reduce((sum, letter) => sum * 256 + letter.charCodeAt(0), 0);
const little = (data, from, to) => [...data.slice(from, to)].reverse().reduce((sum, letter) => sum * 256 + letter.charCodeAt(0), 0);
const any = (data, from, to) => /[^\0]/.test(data.slice(from, to));

/** Whether the bytes from an opening on are more than a chance match: evidence/pictures.py says of each why. */
const FITS = {
  _always: () => true,
  _jpeg: (data) => {
    const start = byte(data, 3);
    const isStart = start === 0xdb || (start >= 0xc0 && start <= 0xc3) || (start >= 0xe0 && start <= 0xef) || start === 0xfe;
    if (data.length < 6 || !isStart) return false;
    const after = 4 + big(data, 4, 6);
    const hasTables = start === 0xdb && ["\0\x43\0", "\0\x84\0", "\0\xc5\0"].includes(data.slice(4, 7));
    const isNamed = ["JFIF", "JFXX", "Exif", "http", "ICC_", "MPF\0", "Adob", "Duck"].includes(data.slice(6, 10));
    return hasTables || isNamed || (after > 6 && byte(data, after) === 0xff);
  },
  _gif: (data) => {
    if (data.length < 13 || !any(data, 6, 8) || !any(data, 8, 10)) return false;
    if (byte(data, 12) === 0) return true;
    const colours = byte(data, 10) & 0x80 ? 3 << ((byte(data, 10) & 7) + 1) : 0;
    return /^(?:!(?:\xf9\x04|\xfe|\xff\x0b|\x01\x0c)|,)/.test(data.slice(13 + colours));
  },
  _png: (data) => ["IHDR", "CgBI"].includes(data.slice(12, 16)),
  _riff: (data) => data.slice(8, 16) === "AVI LIST"
    || (data.slice(8, 12) === "WEBP" && /^VP8(?:X\x0a\0\0\0|L[^]{4}\/| [^]{4}[^]{3}\x9d\x01\x2a)/.test(data.slice(12))),
  _base_media: (data) => /^(?:avif|avis|heic|heix|hevc|mif1|msf1|isom|iso[2-9]|mp4[12]|M4[AV] |qt {2}|3g[p2]\w|dash|crx )/.test(data.slice(4)),
  _matroska: (data) => /webm|matroska/.test(data.slice(0, 64)),
  _bitmap: (data) => data.slice(6, 10) === "\0\0\0\0" && [12, 40, 52, 56, 64, 108, 124].includes(little(data, 14, 18)),
  _portable: (data) => /^[ \t\n\r\f\v]+(?:#[^\n]{0,200}\n[ \t\n\r\f\v]*)?[1-9][0-9]{0,4}[ \t\n\r\f\v]+[1-9][0-9]{0,4}[ \t\n\r\f\v]+(?:[1-9][0-9]{0,4}[ \t\n\r\f\v])?/.test(data.slice(2)),
  _pcx: (data) => data.length >= 66 && [1, 2, 4, 8].includes(byte(data, 3)) && little(data, 4, 6) <= little(data, 8, 10)
    && little(data, 6, 8) <= little(data, 10, 12) && byte(data, 64) === 0 && [1, 3, 4].includes(byte(data, 65)),
  _tga: (data) => data.length >= 18 && any(data, 12, 14) && any(data, 14, 16) && [8, 15, 16, 24, 32].includes(byte(data, 16)),
  _icon: (data) => {
    const count = little(data, 4, 6);
    const first = little(data, 18, 22);
    return count >= 1 && count <= 64 && data.length >= 22 && byte(data, 9) === 0 && 6 + 16 * count <= first && first <= 4096;
  },
};
