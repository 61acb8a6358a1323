// Reads the pages of a report strictly, and refuses what could hold a picture, a file or a program (casefiles/format/pdf.py).
import { fromLatin1, joined, latin1 } from "./bytes.js";
import { refuse } from "./refuse.js";
import { tables } from "./tables.js";

const { names, roles, fontTables, streamBytes, unpackedBytes } = tables.pages;
const PAGE_NAMES = new Set(names);
const PDF_HEAD = "%PDF-1.7\n%\x80\x80\x80\x80\n\n";
const PDF_TAIL = "\n%%EOF";
const STREAM = ">>\nstream\n";
const STREAM_END = "\nendstream\nendobj\n";
const DICTIONARY = /^([1-9][0-9]{0,9}) 0 obj\n<<\/Length ([0-9]{1,9})([^<>()]*)$/;
const STRINGS = /\((?:[^()\\]|\\[^]|\((?:[^()\\]|\\[^]|\((?:[^()\\]|\\[^])*\))*\))*\)/g;
const NOT_PLAIN = /[^\n\r\x20-\x7e]|[#%()]/;
const NAMES_IN = /\/[^\s()<>[\]{}/%]*/g;
const OWN_NAME = /^\/(?:[cf][0-9]{1,4}|[A-Z]{6}\+Noto[A-Za-z]+-(?:Bold|Regular)(?:-Identity-H)?)$/;

/** What the pages hold beside their drawing, to be searched for pictures; anything but pages is refused. */
export async function* partsOfPages(name, content) {
  const text = latin1(content);
  if (!text.startsWith(PDF_HEAD) || !text.endsWith(PDF_TAIL) || text.split("startxref\n").length !== 2) refuse("gate.pages_form", { where: name });
  const { objects, streams } = pagesTakenApart(name, text.slice(PDF_HEAD.length - 1, -PDF_TAIL.length));
  yield fromLatin1((objects.match(STRINGS) ?? []).join("\n"));
  const plain = objects.replace(STRINGS, "");
  requirePageNames(name, plain);
  const found = rolesOf(plain);
  let room = unpackedBytes;
  for (const { number, kind, packed } of streams) {
    const unpacked = kind.includes("/Filter/FlateDecode") ? await unpack(name, packed) : packed;
    room -= unpacked.length;
    if (room < 0) refuse("gate.pages_large", { where: name });
    const role = found.get(number) ?? "";
    if (roles[role] !== kind) refuse("gate.pages_object", { where: name, found: (role || kind).slice(0, 80) });
    if (role === "FontFile2") requireOutlines(name, unpacked);
    else if (role !== "Contents") yield unpacked;
    else if (latin1(unpacked).includes("\nBI")) refuse("gate.pages_image", { where: name });
  }
}

function pagesTakenApart(name, text) {
  const [parts, streams] = [[], []];
  let at = 0;
  for (let begin = text.indexOf(STREAM); begin >= 0; begin = text.indexOf(STREAM, at)) {
    const before = text.slice(at, begin);
    const opened = before.lastIndexOf(" 0 obj\n<</Length ");
    const line = opened < 0 ? 0 : before.lastIndexOf("\n", opened) + 1;
    const found = DICTIONARY.exec(before.slice(line));
    if (!found) refuse("gate.pages_form", { where: name });
    const data = begin + STREAM.length;
    const end = data + Number(found[2]);
    if (!text.startsWith(STREAM_END, end)) refuse("gate.pages_form", { where: name });
    parts.push(before.slice(0, line));
    streams.push({ number: found[1], kind: found[3], packed: fromLatin1(text.slice(data, end)) });
    at = end + STREAM_END.length;
  }
  parts.push(text.slice(at));
  return { objects: parts.join("\n"), streams };
}

function requirePageNames(name, plain) {
  if (NOT_PLAIN.test(plain)) refuse("gate.pages_form", { where: name });
  for (const found of new Set(plain.match(NAMES_IN) ?? [])) {
    if (!PAGE_NAMES.has(found) && !OWN_NAME.test(found)) refuse("gate.pages_object", { where: name, found: found.slice(0, 80) });
  }
}

/** By the number of an object, the one name that refers to it as to a stream; two names give none. */
function rolesOf(plain) {
  const found = new Map();
  for (const [, role, number] of plain.matchAll(new RegExp(`/(${Object.keys(roles).join("|")}) ([1-9][0-9]{0,9}) 0 R`, "g"))) {
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
      if (length > streamBytes) break;
    }
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    refuse("gate.pages_form", { where: name });
  }
  if (length > streamBytes) refuse("gate.pages_large", { where: name });
  return joined(...parts);
}

/** Check that a font has the tables of outlines and no other. */
function requireOutlines(name, font) {
  const text = latin1(font);
  const count = text.charCodeAt(4) * 256 + text.charCodeAt(5);
  for (let at = 0; at < count; at++) {
    const table = text.slice(12 + 16 * at, 16 + 16 * at);
    if (!fontTables.includes(table)) refuse("gate.pages_object", { where: name, found: table });
  }
}
