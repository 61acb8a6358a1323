// Bytes and their spellings: UTF-8, hexadecimal, base64 and base64url in their one spelling (RFC 4648), SHA-256.

const STRICT = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const ENCODER = new TextEncoder();
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
const URL_SAFE = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const SLICE = 0x8000;
/** WebCrypto copies what it digests: no more than this at once. */
const COPIED_BYTES = 1 << 25;
const unused = bundled.sha256.create();
const working = bundled.sha256.create();
/** What unpadded base64url may end with, by its length modulo 4. */
const LAST = [/^/, /[^]^/, /[AQgw]$/, /[AEIMQUYcgkosw048]$/];

export const encode = (text) => ENCODER.encode(text);
export const sha256Hex = (bytes) => hex(sha256(bytes));

/** SHA-256. There are half a million of a few bytes each, so one state serves for all. */
export function sha256(bytes) {
  unused._cloneInto(working);
  return working.update(bytes).digest();
}

/** Write SHA-256 into 32 bytes. */
export function sha256Into(bytes, out) {
  unused._cloneInto(working);
  working.update(bytes).digestInto(out);
}

/** SHA-256 of much: by the browser where it has it, several times as fast. A page that is no secure context has none. */
export async function sha256OfMuch(bytes) {
  const { subtle } = globalThis.crypto ?? {};
  return subtle && bytes.length <= COPIED_BYTES ? new Uint8Array(await subtle.digest("SHA-256", bytes)) : sha256(bytes);
}

/** The text of UTF-8 bytes; null where they are none. */
export function decode(bytes) {
  try {
    return STRICT.decode(bytes);
  } catch {
    return null;
  }
}

export function hex(bytes) {
  let text = "";
  for (const byte of bytes) text += HEX[byte];
  return text;
}

export function fromHex(text) {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

export function isSame(one, other) {
  if (one.length !== other.length) return false;
  for (let at = 0; at < one.length; at++) if (one[at] !== other[at]) return false;
  return true;
}

export function joined(...parts) {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** One character for each byte. */
export function latin1(bytes) {
  const parts = [];
  for (let at = 0; at < bytes.length; at += SLICE) parts.push(String.fromCharCode.apply(null, bytes.subarray(at, at + SLICE)));
  return parts.join("");
}

export function fromLatin1(text) {
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at);
  return bytes;
}

export const base64 = (bytes) => btoa(latin1(bytes));

/** The bytes of padded base64, one character for each; null for anything but their one spelling. */
export function latin1Of(text) {
  try {
    const data = atob(text);
    return btoa(data) === text ? data : null;
  } catch {
    return null;
  }
}

export function fromBase64(text) {
  const data = latin1Of(text);
  return data === null ? null : fromLatin1(data);
}

/** As `latin1Of`, of unpadded base64url: the bits of the last character that no byte needs are zero. */
export function latin1OfUrlSafe(text) {
  if (!/^[A-Za-z0-9_-]*$/.test(text) || !LAST[text.length % 4].test(text)) return null;
  return atob(text.replace(/-/g, "+").replace(/_/g, "/"));
}

/** The UTF-8 of a text, one character for each byte. */
export function byteText(text) {
  return /[^\x00-\x7f]/.test(text) ? latin1(encode(text)) : text;
}

/** Unpadded base64url of 32 bytes. */
export function urlSafe(digest) {
  let text = "";
  for (let at = 0; at < 30; at += 3) {
    const three = (digest[at] << 16) | (digest[at + 1] << 8) | digest[at + 2];
    text += URL_SAFE[three >> 18] + URL_SAFE[(three >> 12) & 63] + URL_SAFE[(three >> 6) & 63] + URL_SAFE[three & 63];
  }
  const two = (digest[30] << 8) | digest[31];
  return text + URL_SAFE[two >> 10] + URL_SAFE[(two >> 4) & 63] + URL_SAFE[(two << 2) & 63];
}

/** The lines of a text, as bytes, without their ends; the last is what lies behind the last end. One at a time: there can be millions. */
export function* linesOf(bytes) {
  let at = 0;
  for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, at)) {
    yield bytes.subarray(at, end);
    at = end + 1;
  }
  yield bytes.subarray(at);
}

/** The lines of a text that end, as bytes. */
export function* endedLines(bytes) {
  const end = bytes.lastIndexOf(10);
  if (end >= 0) yield* linesOf(bytes.subarray(0, end));
}

/** Bytes in parts that overlap, so that whatever begins in one ends in it or the next. */
export function* windowsOf(bytes, length, overlap) {
  for (let at = 0; at === 0 || at < bytes.length; at += length) yield bytes.subarray(at, at + length + overlap);
}

/** The text of UTF-8 bytes in parts, one at a time; null where they are none. */
export function* decodedParts(bytes, length) {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  for (let at = 0; at < bytes.length; at += length) {
    try {
      yield decoder.decode(bytes.subarray(at, at + length), { stream: at + length < bytes.length });
    } catch {
      yield null;
      return;
    }
  }
}

/** Room for bytes that grows, and is used again. */
export class Room {
  constructor(bytes) {
    this.bytes = new Uint8Array(bytes);
    this.length = 0;
  }

  /** Make room for so many bytes more. */
  reserve(more) {
    if (this.length + more <= this.bytes.length) return;
    const larger = new Uint8Array(2 * (this.length + more));
    larger.set(this.bytes.subarray(0, this.length));
    this.bytes = larger;
  }

  put(bytes) {
    this.reserve(bytes.length);
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  get all() {
    return this.bytes.subarray(0, this.length);
  }
}
