// What a file is by its first bytes, how large its picture is, and whether it is whole.

const MAGIC = [
  ["jpeg", 0, [0xff, 0xd8, 0xff]],
  ["png", 0, [0x89, 0x50, 0x4e, 0x47]],
  ["gif", 0, [0x47, 0x49, 0x46, 0x38]],
  ["bmp", 0, [0x42, 0x4d]],
  ["webp", 8, [0x57, 0x45, 0x42, 0x50]],
  ["tiff", 0, [0x49, 0x49, 0x2a, 0x00]],
  ["tiff", 0, [0x4d, 0x4d, 0x00, 0x2a]],
  ["video", 0, [0x1a, 0x45, 0xdf, 0xa3]],
  ["video", 8, [0x41, 0x56, 0x49, 0x20]],
  ["video", 0, [0x4f, 0x67, 0x67, 0x53]],
  ["video", 0, [0x00, 0x00, 0x01, 0xba]],
  ["video", 0, [0x46, 0x4c, 0x56, 0x01]],
  ["boxes", 4, [0x66, 0x74, 0x79, 0x70]],
];
const STILL_BRANDS = ["avif", "avis", "heic", "heix", "heim", "heis", "mif1", "msf1"];

/** What a file is by its first bytes: `jpeg`, ..., `avif`, `heif`, `video`, or null for what is no picture. */
export function kindOf(head) {
  const found = MAGIC.find(([, at, bytes]) => bytes.every((byte, index) => head[at + index] === byte));
  if (found?.[0] !== "boxes") return found?.[0] ?? null;
  const brand = String.fromCharCode(...head.subarray(8, 12));
  if (!STILL_BRANDS.includes(brand)) return "video";
  return brand.startsWith("avi") ? "avif" : "heif";
}

/** Width and height as a file's head says, or null where it is not said in a place that is known. */
export function sizeOf(kind, head) {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  try {
    if (kind === "png") return [view.getUint32(16), view.getUint32(20)];
    if (kind === "gif") return [view.getUint16(6, true), view.getUint16(8, true)];
    if (kind === "bmp") return [view.getInt32(18, true), Math.abs(view.getInt32(22, true))];
    if (kind === "jpeg") return jpegSize(view);
    if (kind === "webp") return webpSize(view);
    return kind === "avif" || kind === "heif" ? boxSize(view) : null;
  } catch (error) {
    if (error instanceof RangeError) return null; // the head ends before it
    throw error;
  }
}

/** From the first frame header (ITU-T T.81, B.2.2). */
function jpegSize(view) {
  for (let at = 2; ;) {
    const marker = view.getUint16(at);
    const isFrame = marker >= 0xffc0 && marker <= 0xffcf && ![0xffc4, 0xffc8, 0xffcc].includes(marker);
    if (isFrame) return [view.getUint16(at + 7), view.getUint16(at + 5)];
    at += marker === 0xffff ? 1 : 2 + view.getUint16(at + 2);
  }
}

function webpSize(view) {
  const form = view.getUint32(12);
  if (form === 0x56503858) return [1 + (view.getUint32(24, true) & 0xffffff), 1 + (view.getUint32(27, true) & 0xffffff)];
  if (form === 0x5650384c) {
    const bits = view.getUint32(21, true);
    return [1 + (bits & 0x3fff), 1 + ((bits >> 14) & 0x3fff)];
  }
  return [view.getUint16(26, true) & 0x3fff, view.getUint16(28, true) & 0x3fff];
}

/** From the first `ispe` property (ISO/IEC 23008-12, 6.5.3). */
function boxSize(view) {
  for (let at = 0; ; at++) {
    if (view.getUint32(at) === 0x69737065) return [view.getUint32(at + 8), view.getUint32(at + 12)];
  }
}

/**
 * Whether a file reaches its end. A browser may show one that was cut off, grey or white below the cut, and its hash
 * would be that of a picture that nobody ever saw (evidence/fingerprint/whole.py).
 */
export function isWhole(kind, bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    return WALKS[kind]?.(view) ?? true;
  } catch (error) {
    if (error instanceof RangeError) return false; // it ends before its end
    throw error;
  }
}

const WALKS = {
  bmp: (view) => view.byteLength >= view.getUint32(2, true),
  gif: walkGif,
  heif: walkBoxes,
  avif: walkBoxes,
  jpeg: walkJpeg,
  png: walkPng,
  webp: (view) => view.byteLength >= 8 + view.getUint32(4, true),
};

/** Segment by segment to EOI, over entropy-coded data (ITU-T T.81, B.1.1). */
function walkJpeg(view) {
  for (let at = 2; ; at++) {
    if (view.getUint8(at) !== 0xff) continue;
    const marker = view.getUint8(at + 1);
    if (marker === 0xd9) return true;
    const isData = marker === 0 || marker === 0xff || (marker >= 0xd0 && marker <= 0xd7);
    if (!isData) at += 1 + view.getUint16(at + 2);
  }
}

/** Chunk by chunk to IEND (W3C PNG, 5.3). */
function walkPng(view) {
  for (let at = 8; ;) {
    const name = view.getUint32(at + 4);
    at += 12 + view.getUint32(at);
    view.getUint8(at - 1);
    if (name === 0x49454e44) return true;
  }
}

/** Block by block to the trailer, or to a byte that begins no block, where viewers stop (its specification, appendix A). */
function walkGif(view) {
  const table = (at) => (view.getUint8(at) & 0x80 ? 3 << ((view.getUint8(at) & 7) + 1) : 0);
  const afterBlocks = (from) => {
    let at = from;
    while (view.getUint8(at)) at += 1 + view.getUint8(at);
    return at + 1;
  };
  for (let at = 13 + table(10); ;) {
    const block = view.getUint8(at);
    if (block === 0x2c) at = afterBlocks(at + 11 + table(at + 9));
    else if (block === 0x21) at = afterBlocks(at + 2);
    else return true;
  }
}

/** Box by box to the last byte (ISO/IEC 14496-12, 4.2); a size of 0 means up to the end. */
function walkBoxes(view) {
  for (let at = 0; at < view.byteLength;) {
    const said = view.getUint32(at);
    const size = said === 1 ? Number(view.getBigUint64(at + 8)) : said;
    if (size === 0) return true;
    at += Math.max(size, 8);
    view.getUint8(at - 1);
  }
  return true;
}
