// The container: a ZIP file in exactly one form (docs/format.md, Bundle). Nothing in it is packed.
//
// The file is walked from its first byte, and each header and the directory are compared with what a writer would
// write; so there is no second way to read it, and no ZIP library is asked.
import { encode, hex, isSame, joined, latin1 } from "./bytes.js";
import { refuse } from "./refuse.js";
import { isSafeName } from "./layout.js";
import { tables } from "./tables.js";

const LOCAL_BYTES = 30;
const DATE = 0x0021;
const MODE_0644 = 0o100644 * 65536;
const LIMIT_16 = 0xffff;
const LIMIT_32 = 0xffffffff;
/** What a byte does to the sum, and what it does with one, two and three bytes behind it. */
const CRC = crcTables();

function crcTables() {
  const one = Uint32Array.from({ length: 256 }, (_, byte) => {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
    return value;
  });
  const behind = (table) => table.map((value) => (value >>> 8) ^ one[value & 255]);
  const [two, three] = [behind(one), behind(behind(one))];
  return [one, two, three, behind(three)];
}

/** CRC-32 (ISO 3309), four bytes at a time. */
export function crc32(bytes) {
  const [one, two, three, four] = CRC;
  const whole = bytes.length - (bytes.length % 4);
  let crc = -1;
  for (let at = 0; at < whole; at += 4) {
    crc ^= bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
    crc = four[crc & 255] ^ three[(crc >>> 8) & 255] ^ two[(crc >>> 16) & 255] ^ one[crc >>> 24];
  }
  for (let at = whole; at < bytes.length; at++) crc = one[(crc ^ bytes[at]) & 255] ^ (crc >>> 8);
  return ~crc >>> 0;
}

/** The members of a container in its one form, by name, in their order. */
export function readContainer(file) {
  const first = encode(tables.mimetype);
  requireBegins(file, joined(localHeader(placed("mimetype", first, 0)), first));
  const members = new Map([["mimetype", first]]);
  const all = [placed("mimetype", first, 0)];
  let at = LOCAL_BYTES + "mimetype".length + first.length;
  while (file[at] === 0x50 && file[at + 1] === 0x4b && file[at + 2] === 3 && file[at + 3] === 4) {
    const [member, content, end] = readMember(file, at);
    requireAfter(member.name, members, all);
    members.set(member.name, content);
    all.push(member);
    at = end;
  }
  requireOneName([...members.keys()]);
  requireRest(file.subarray(at), directory(all, at));
  return members;
}

function requireBegins(file, wanted) {
  const begun = file.subarray(0, wanted.length);
  if (isSame(begun, wanted)) return;
  if (begun.length && isSame(begun, wanted.subarray(0, begun.length))) cutShort(file);
  refuse("container.no_bundle", { found: hex(begun.subarray(0, 8)) });
}

function cutShort(file) {
  refuse("container.cut_short", { taken: file.length });
}

function placed(name, content, offset, crc = crc32(content)) {
  return { name, crc, size: content.length, offset };
}

function readMember(file, at) {
  if (at + LOCAL_BYTES > file.length) cutShort(file);
  const header = new DataView(file.buffer, file.byteOffset + at, LOCAL_BYTES);
  const [crc, size, length] = [header.getUint32(14, true), header.getUint32(22, true), header.getUint16(26, true)];
  if (size > tables.limits.memberBytes || length > tables.limits.nameBytes) refuse("container.member_too_large", { offset: at });
  const begin = at + LOCAL_BYTES + length;
  if (begin > file.length) cutShort(file);
  const member = { name: latin1(file.subarray(at + LOCAL_BYTES, begin)), crc, size, offset: at };
  if (!isSame(file.subarray(at, begin), localHeader(member))) refuse("container.another_header", { offset: at });
  if (begin + size > file.length) cutShort(file);
  const content = file.subarray(begin, begin + size);
  if (crc32(content) !== crc) refuse("container.member_changed", { where: member.name });
  return [member, content, begin + size];
}

function requireAfter(name, members, all) {
  if (!isSafeName(name)) refuse("container.unsafe_name", { where: name });
  if (members.has(name)) refuse("container.member_doubled", { where: name });
  const before = all[all.length - 1].name;
  if (before !== "mimetype" && name < before) refuse("container.members_unordered", { where: name });
  if (all.length >= tables.limits.members) refuse("container.too_many_members", { limit: tables.limits.members });
}

function requireOneName(names) {
  const folded = names.map((name) => name.toLowerCase());
  const twice = folded.find((name, at) => folded.indexOf(name) !== at);
  if (twice) refuse("container.one_name_two_members", { where: twice });
}

function requireRest(rest, wanted) {
  if (rest.length < wanted.length) cutShort(rest);
  if (!isSame(rest.subarray(0, wanted.length), wanted)) refuse("container.another_directory");
  if (rest.length > wanted.length) refuse("container.bytes_after_end");
}

/** Little-endian numbers, each with its number of bytes. */
function packed(...fields) {
  const bytes = [];
  for (const [size, value] of fields) for (let at = 0; at < size; at++) bytes.push(Math.floor(value / 256 ** at) % 256);
  return Uint8Array.from(bytes);
}

function localHeader({ name, crc, size }) {
  const fields = [[4, 0x04034b50], [2, 10], [2, 0], [2, 0], [2, 0], [2, DATE], [4, crc], [4, size], [4, size]];
  return joined(packed(...fields, [2, name.length], [2, 0]), Uint8Array.from(name, (letter) => letter.charCodeAt(0)));
}

function centralHeader({ name, crc, size, offset }) {
  const isFar = offset >= LIMIT_32;
  const [version, extra] = isFar ? [45, packed([2, 1], [2, 8], [8, offset])] : [10, new Uint8Array()];
  return joined(
    packed([4, 0x02014b50], [2, 768 + version], [2, version], [2, 0], [2, 0], [2, 0], [2, DATE], [4, crc], [4, size], [4, size],
      [2, name.length], [2, extra.length], [2, 0], [2, 0], [2, 0], [4, MODE_0644], [4, isFar ? LIMIT_32 : offset]),
    encode(name), extra);
}

/** The directory that begins at `offset`, and the end records (APPNOTE 4.3.12 to 4.3.16). */
function directory(all, offset) {
  const headers = joined(...all.map(centralHeader));
  const [count, size] = [all.length, headers.length];
  const isFar = count >= LIMIT_16 || size >= LIMIT_32 || offset >= LIMIT_32;
  const far = isFar ? [
    packed([4, 0x06064b50], [8, 44], [2, 813], [2, 45], [4, 0], [4, 0], [8, count], [8, count], [8, size], [8, offset]),
    packed([4, 0x07064b50], [4, 0], [8, offset + size], [4, 1])] : [];
  const few = Math.min(count, LIMIT_16);
  const end = packed([4, 0x06054b50], [2, 0], [2, 0], [2, few], [2, few], [4, Math.min(size, LIMIT_32)], [4, Math.min(offset, LIMIT_32)], [2, 0]);
  return joined(headers, ...far, end);
}
