// From a file to its pixels, by a canvas that is tested before it is believed.

import { isWhole, kindOf, sizeOf } from "./container.js";
import { decodePlainly } from "./plain.js";

export const MAX_BYTES = 100_000_000;
const MAX_PIXELS = 100_000_000;
const MAX_SIDE = 65_535;
const HEAD_BYTES = 1 << 18;
/** How far, in the mean of all values, a canvas may be from what was drawn: a browser's slight noise changes no hash. */
const MOST_NOISE = 0.5;

/** Why a file cannot be compared; `why` is the end of a key of the page's words. */
export class Refused extends Error {
  constructor(why) {
    super(why);
    this.why = why;
  }
}

/** The pixels of a bitmap, over white, read from a canvas. */
export class CanvasPixels {
  constructor(bitmap) {
    this.bitmap = bitmap;
    this.width = bitmap.width;
    this.height = bitmap.height;
    this.canvas = document.createElement("canvas");
    this.context = this.canvas.getContext("2d", { willReadFrequently: true, colorSpace: "srgb" });
    this.read = this.read.bind(this);
  }

  /** RGBA of a part. */
  read(left, top, width, height) {
    this.canvas.width = width;
    this.canvas.height = height;
    this.context.imageSmoothingEnabled = false;
    this.context.fillStyle = "#fff";
    this.context.fillRect(0, 0, width, height);
    this.context.drawImage(this.bitmap, -left, -top);
    return this.context.getImageData(0, 0, width, height).data;
  }

  close() {
    this.bitmap.close();
    this.canvas.width = this.canvas.height = 0;
  }
}

/** A picture of 64 by 64 pixels of known colours, as a BMP file (BITMAPINFOHEADER, 24 bits, from the bottom up). */
export function knownPicture() {
  const side = 64;
  const bytes = new Uint8Array(54 + side * side * 3);
  const view = new DataView(bytes.buffer);
  bytes.set([0x42, 0x4d]);
  view.setUint32(2, bytes.length, true);
  [[10, 54], [14, 40], [18, side], [22, side], [34, side * side * 3]].forEach(([at, value]) => view.setUint32(at, value, true));
  view.setUint16(26, 1, true);
  view.setUint16(28, 24, true);
  for (let at = 54, state = 1; at < bytes.length; at++) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    bytes[at] = state >>> 24;
  }
  return bytes;
}

/** Whether this browser's canvas gives back what was drawn on it, as far as it matters to a hash. */
export async function canvasIsHonest() {
  const bytes = knownPicture();
  const pixels = new CanvasPixels(await bitmapOf(new Blob([bytes], { type: "image/bmp" })));
  const rgba = pixels.read(0, 0, pixels.width, pixels.height);
  let off = 0;
  for (let row = 0; row < pixels.height; row++) {
    for (let column = 0; column < pixels.width; column++) {
      const to = (row * pixels.width + column) * 4;
      const from = 54 + ((pixels.height - 1 - row) * pixels.width + column) * 3;
      for (let colour = 0; colour < 3; colour++) off += Math.abs(rgba[to + colour] - bytes[from + 2 - colour]);
    }
  }
  const count = pixels.width * pixels.height * 3;
  pixels.close();
  return off / count <= MOST_NOISE;
}

function bitmapOf(blob) {
  return createImageBitmap(blob, { imageOrientation: "from-image", colorSpaceConversion: "none" });
}

/** Check a file before it is decoded, and read it whole. */
export async function readFile(file) {
  const head = new Uint8Array(await file.slice(0, HEAD_BYTES).arrayBuffer());
  const kind = kindOf(head);
  if (kind === "video" || file.type.startsWith("video/")) throw new Refused("video");
  if (kind === null) throw new Refused("format");
  const size = sizeOf(kind, head);
  if (file.size > MAX_BYTES || (size && isHuge(size))) throw new Refused("huge");
  const bytes = new Uint8Array(await file.arrayBuffer());
  if (!isWhole(kind, bytes)) throw new Refused("damaged");
  return { kind, bytes };
}

function isHuge([width, height]) {
  return width * height > MAX_PIXELS || Math.max(width, height) > MAX_SIDE;
}

/** The pixels of a whole file, as a viewer shows it. */
export async function pixelsOf({ kind, bytes }) {
  if (await canvasIsHonest()) return drawn(kind, bytes);
  const pixels = await decodePlainly(kind, bytes).catch(() => {
    throw new Refused("damaged");
  });
  if (!pixels) throw new Refused("browser");
  return pixels;
}

async function drawn(kind, bytes) {
  const bitmap = await bitmapOf(new Blob([bytes])).catch(() => {
    throw new Refused(kind === "heif" || kind === "tiff" ? "format" : "damaged");
  });
  if (isHuge([bitmap.width, bitmap.height])) throw new Refused("huge");
  return new CanvasPixels(bitmap);
}
