// Reads the pages of a report strictly, and refuses what could hold a picture, a file or a program (casefiles/format/pdf.py).
import { fromLatin1, joined, latin1 } from "./bytes.js";
import { refuse } from "./refuse.js";
import { tables } from "./tables.js";

const PAGES = tables.pages;
const PAGE_NAMES = new Set(PAGES.names);
const PDF_HEAD = "%PDF-1.7\n%\x80\x80\x80\x80\n\n";
const PDF_TAIL = "\n%%EOF";
const STREAM = ">>\nstream\n";
const STREAM_END = "\nendstream\nendobj\n";
const DICTIONARY = /^([1-9][0-9]{0,9}) 0 obj\n<<\/Length ([0-9]{1,9})([^<>()]*)$/;
const PDF_MARKS = /\\[^]|[()\\]/g;
const PDF_TABLE = /xref\n0 ([1-9][0-9]{0,9})\n0000000000 65535 f\r\n((?:[0-9]{10} 00000 n\r\n)*)trailer\n<</y;
const PDF_OBJECTS = /^([1-9][0-9]{0,9}) 0 obj\n/gm;
const PDF_INLINE = /(?<![A-Za-z0-9])BI(?![A-Za-z0-9])/;
const NOT_PLAIN = /[^\n\r\x20-\x7e]|[#%()]/;
const NAMES_IN = /\/[^\s()<>[\]{}/%]*/g;
const OWN_NAME = /^\/(?:[cf][0-9]{1,4}|[A-Z]{6}\+Noto[A-Za-z]+-(?:Bold|Regular)(?:-Identity-H)?)$/;

/** What the pages hold beside their drawing, to be searched for pictures; anything but pages is refused. */
export async function* partsOfPages(name, content) {
  const text = latin1(content);
  if (!text.startsWith(PDF_HEAD) || !text.endsWith(PDF_TAIL) || text.split("startxref\n").length !== 2) refuse("gate.pages_form", { where: name });
  const { objects, streams, begins } = pagesTakenApart(name, text.slice(0, -PDF_TAIL.length));
  const { plain, strings } = withoutStrings(name, objects);
  yield fromLatin1(strings);
  requirePageNames(name, plain);
  requireTable(name, text, begins);
  const found = rolesOf(plain);
  let [room, searched] = [PAGES.unpackedBytes, PAGES.searchedBytes];
  for (const { number, kind, packed } of streams) {
    const unpacked = kind.includes("/Filter/FlateDecode") ? await unpack(name, packed) : packed;
    room -= unpacked.length;
    if (room < 0) refuse("gate.pages_large", { where: name });
    const role = found.get(number) ?? "";
    if (PAGES.roles[role] !== kind) refuse("gate.pages_object", { where: name, found: (role || kind).slice(0, 80) });
    if (role === "FontFile2") requireOutlines(name, unpacked);
    else if (role !== "Contents") {
      searched -= unpacked.length;
      if (searched < 0) refuse("gate.pages_large", { where: name });
      yield unpacked;
    } else requireDrawing(name, latin1(unpacked));
  }
}

/** The objects without their streams, the streams, and where each object begins, by its number. */
function pagesTakenApart(name, text) {
  const [parts, streams, begins] = [[], [], new Map()];
  let at = PDF_HEAD.length - 1;
  const plain = (part) => {
    for (const found of part.matchAll(PDF_OBJECTS)) begins.set(at + found.index, found[1]);
    parts.push(part);
  };
  for (let begin = text.indexOf(STREAM, at); begin >= 0; begin = text.indexOf(STREAM, at)) {
    const before = text.slice(at, begin);
    const opened = before.lastIndexOf(" 0 obj\n<</Length ");
    const line = opened < 0 ? 0 : before.lastIndexOf("\n", opened) + 1;
    const found = DICTIONARY.exec(before.slice(line));
    if (!found) refuse("gate.pages_form", { where: name });
    const data = begin + STREAM.length;
    const end = data + Number(found[2]);
    if (!text.startsWith(STREAM_END, end)) refuse("gate.pages_form", { where: name });
    plain(before.slice(0, line));
    begins.set(at + line, found[1]);
    streams.push({ number: found[1], kind: found[3], packed: fromLatin1(text.slice(data, end)) });
    at = end + STREAM_END.length;
  }
  plain(text.slice(at));
  return { objects: parts.join("\n"), streams, begins };
}

/** What is beside the literal strings (ISO 32000-1, 7.3.4.2), and the strings, which have printable ASCII alone. */
function withoutStrings(name, text) {
  const [plain, strings] = [[], []];
  let [at, begun, depth] = [0, 0, 0];
  for (const { 0: mark, index } of text.matchAll(PDF_MARKS)) {
    if (mark === "(") {
      if (!depth) {
        plain.push(text.slice(at, index));
        begun = index;
      }
      depth += 1;
    } else if (!depth) refuse("gate.pages_form", { where: name });
    else if (mark === ")") {
      depth -= 1;
      if (!depth) {
        at = index + 1;
        strings.push(text.slice(begun, at));
      }
    }
  }
  plain.push(text.slice(at));
  const joinedStrings = strings.join("");
  if (depth || /[^\x20-\x7e]/.test(joinedStrings)) refuse("gate.pages_form", { where: name });
  return { plain: plain.join(" "), strings: joinedStrings };
}

/** Check that the one table has a place for each object, where it begins, and no other table follows. */
function requireTable(name, text, begins) {
  const told = text.slice(text.lastIndexOf("startxref\n") + 10, -PDF_TAIL.length);
  PDF_TABLE.lastIndex = /^[0-9]{1,15}$/.test(told) ? Number(told) : text.length;
  const table = PDF_TABLE.exec(text);
  if (!table || text.includes("/Prev", table.index + table[0].length)) refuse("gate.pages_form", { where: name });
  const places = table[2].match(/[0-9]{10}/g) ?? [];
  const fits = places.every((place, at) => begins.get(Number(place)) === String(at + 1));
  if (!fits || places.length !== Number(table[1]) - 1 || new Set(places).size !== begins.size) refuse("gate.pages_form", { where: name });
}

/** Check that what is drawn on a page is lines and letters: no inline image, no comment, nothing unprintable. */
function requireDrawing(name, content) {
  if (/[^\n\x20-\x7e]/.test(content)) refuse("gate.pages_form", { where: name });
  if (!content.includes("BI") && !content.includes("%")) return; // nearly always, and much quicker to see
  const { plain } = withoutStrings(name, content);
  if (plain.includes("%")) refuse("gate.pages_form", { where: name });
  if (PDF_INLINE.test(plain)) refuse("gate.pages_image", { where: name });
}

function requirePageNames(name, plain) {
  if (NOT_PLAIN.test(plain) || plain.includes("stream")) refuse("gate.pages_form", { where: name });
  for (const found of new Set(plain.match(NAMES_IN) ?? [])) {
    if (!PAGE_NAMES.has(found) && !OWN_NAME.test(found)) refuse("gate.pages_object", { where: name, found: found.slice(0, 80) });
  }
}

/** By the number of an object, the one name that refers to it as to a stream; two names give none. */
function rolesOf(plain) {
  const found = new Map();
  for (const [, role, number] of plain.matchAll(new RegExp(`/(${Object.keys(PAGES.roles).join("|")}) ([1-9][0-9]{0,9}) 0 R`, "g"))) {
    found.set(number, (found.get(number) ?? role) === role ? role : "");
  }
  return found;
}

async function unpack(name, packed) {
  const parts = [];
  let length = 0;
  try {
    const reader = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate")).getReader();
    for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) {
      parts.push(value);
      length += value.length;
      if (length > PAGES.streamBytes) break;
    }
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    refuse("gate.pages_form", { where: name });
  }
  if (length > PAGES.streamBytes) refuse("gate.pages_large", { where: name });
  return joined(...parts);
}

/** Check that a font has the tables of outlines and no other, one behind the other, and nothing beside them. */
function requireOutlines(name, font) {
  const text = latin1(font);
  const view = new DataView(font.buffer, font.byteOffset, font.byteLength);
  const form = () => refuse("gate.pages_form", { where: name });
  if (font.length < 12) form();
  const last = 12 + 16 * view.getUint16(4);
  if (last > font.length) form();
  let end = last;
  for (let at = 12; at < last; at += 16) {
    const table = text.slice(at, at + 4);
    if (!PAGES.fontTables.includes(table)) refuse("gate.pages_object", { where: name, found: table });
    if (view.getUint32(at + 8) !== end) form();
    end += Math.ceil(view.getUint32(at + 12) / 4) * 4;
  }
  if (end !== font.length) form();
}
