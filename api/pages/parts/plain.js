// Decodes JPEG and PNG without a canvas, where a browser changes what a canvas gives back: Firefox with
// resistFingerprinting, and so Tor Browser. What a phone takes is JPEG, and a screenshot is PNG.

const PNG_SIGNATURE_BYTES = 8;
const CHANNELS = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };
/** Left, top, and the steps to the right and down of each pass of Adam7 (W3C PNG, 8.2). */
const ADAM7 = [[0, 0, 8, 8], [4, 0, 8, 8], [0, 4, 4, 8], [2, 0, 4, 4], [0, 2, 2, 4], [1, 0, 2, 2], [0, 1, 1, 2]];
const JPEG_MEMORY_MB = 1500;

/** Pixels that are in memory, over white. */
export class PlainPixels {
  constructor(width, height, rgba) {
    Object.assign(this, { width, height, rgba, read: this.read.bind(this) });
  }

  /** RGBA of a part. */
  read(left, top, width, height) {
    const part = new Uint8ClampedArray(width * height * 4);
    for (let row = 0; row < height; row++) {
      const from = ((top + row) * this.width + left) * 4;
      part.set(this.rgba.subarray(from, from + width * 4), row * width * 4);
    }
    return part;
  }

  close() {
    this.rgba = null;
  }
}

/** The pixels of a file of a kind that is read here, or null. */
export async function decodePlainly(kind, bytes) {
  if (kind === "png") return decodePng(bytes);
  if (kind !== "jpeg") return null;
  const how = { useTArray: true, maxResolutionInMP: 100, maxMemoryUsageInMB: JPEG_MEMORY_MB };
  const { width, height, data } = bundled.decodeJpeg(bytes, how);
  return turnedBy(exifTurn(bytes), width, height, data);
}

/** The orientation that EXIF gives a JPEG, 1 to 8 (CIPA DC-008, 4.6.4); 1 where it gives none. */
export function exifTurn(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 2; view.getUint16(at) !== 0xffda; at += 2 + view.getUint16(at + 2)) {
    if (view.getUint16(at) === 0xffe1 && view.getUint32(at + 4) === 0x45786966) {
      return turnIn(new DataView(bytes.buffer, bytes.byteOffset + at + 10, view.getUint16(at + 2) - 8));
    }
  }
  return 1;
}

function turnIn(tiff) {
  const little = tiff.getUint16(0) === 0x4949;
  const directory = tiff.getUint32(4, little);
  for (let entry = 0; entry < tiff.getUint16(directory, little); entry++) {
    const at = directory + 2 + 12 * entry;
    if (tiff.getUint16(at, little) === 0x0112) return tiff.getUint16(at + 8, little);
  }
  return 1;
}

/** Upright pixels of a picture that is stored turned. */
function turnedBy(turn, width, height, rgba) {
  if (!(turn > 1 && turn <= 8)) return new PlainPixels(width, height, rgba);
  const onSide = turn >= 5;
  const [wide, high] = onSide ? [height, width] : [width, height];
  const from = new Uint32Array(rgba.buffer, rgba.byteOffset, width * height);
  const to = new Uint32Array(width * height);
  const flipsX = [2, 3, 7, 8].includes(turn);
  const flipsY = [3, 4, 6, 7].includes(turn);
  for (let y = 0; y < high; y++) {
    for (let x = 0; x < wide; x++) {
      const [column, row] = onSide ? [y, x] : [x, y];
      const across = flipsX ? width - 1 - column : column;
      to[y * wide + x] = from[(flipsY ? height - 1 - row : row) * width + across];
    }
  }
  return new PlainPixels(wide, high, new Uint8ClampedArray(to.buffer));
}

async function decodePng(bytes) {
  const { head, palette, clear, packed } = chunksOf(bytes);
  const [width, height] = [head.getUint32(0), head.getUint32(4)];
  const form = { depth: head.getUint8(8), colour: head.getUint8(9), palette, clear };
  const raw = await inflated(packed);
  const rgba = new Uint8ClampedArray(width * height * 4);
  const passes = head.getUint8(12) ? ADAM7 : [[0, 0, 1, 1]];
  let at = 0;
  for (const [left, top, right, down] of passes) {
    const wide = Math.ceil((width - left) / right);
    const high = Math.ceil((height - top) / down);
    if (wide <= 0 || high <= 0) continue;
    const lines = unfiltered(raw, at, wide, high, form);
    at += lines.length + high;
    const perLine = lines.length / high;
    for (let y = 0; y < high; y++) {
      const line = lines.subarray(y * perLine, (y + 1) * perLine);
      for (let x = 0; x < wide; x++) paint(rgba, ((top + y * down) * width + left + x * right) * 4, line, x, form);
    }
  }
  return new PlainPixels(width, height, rgba);
}

function chunksOf(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found = { palette: null, clear: null, packed: [] };
  for (let at = PNG_SIGNATURE_BYTES; ;) {
    const length = view.getUint32(at);
    const name = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    const data = bytes.subarray(at + 8, at + 8 + length);
    if (name === "IHDR") found.head = new DataView(data.buffer, data.byteOffset, length);
    if (name === "PLTE") found.palette = data;
    if (name === "tRNS") found.clear = data;
    if (name === "IDAT") found.packed.push(data);
    if (name === "IEND") return found;
    at += 12 + length;
  }
}

async function inflated(parts) {
  const stream = new Blob(parts).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** The lines of a pass without their filters (W3C PNG, 9). */
function unfiltered(raw, from, wide, high, { depth, colour }) {
  const bits = depth * CHANNELS[colour];
  const perLine = Math.ceil((wide * bits) / 8);
  const back = Math.max(1, bits >> 3);
  const lines = new Uint8Array(perLine * high);
  for (let y = 0; y < high; y++) {
    const filter = raw[from + y * (perLine + 1)];
    const source = from + y * (perLine + 1) + 1;
    for (let x = 0; x < perLine; x++) {
      const at = y * perLine + x;
      const a = x >= back ? lines[at - back] : 0;
      const b = y ? lines[at - perLine] : 0;
      const c = x >= back && y ? lines[at - perLine - back] : 0;
      lines[at] = raw[source + x] + [0, a, b, (a + b) >> 1, filter === 4 ? paeth(a, b, c) : 0][filter];
    }
  }
  return lines;
}

function paeth(a, b, c) {
  const [toA, toB, toC] = [Math.abs(b - c), Math.abs(a - c), Math.abs(a + b - 2 * c)];
  if (toA <= toB && toA <= toC) return a;
  return toB <= toC ? b : c;
}

/** One pixel of a line, over white; of 16 bits, the upper eight. */
function paint(rgba, to, line, x, { depth, colour, palette, clear }) {
  const channels = CHANNELS[colour];
  const value = (channel) => sample(line, (x * channels + channel) * depth, depth);
  const full = (number) => (depth === 16 ? number >> 8 : (number * 255) / ((1 << depth) - 1));
  let [red, green, blue, alpha] = [value(0), value(0), value(0), 255];
  if (colour === 3) {
    alpha = clear?.[red] ?? 255;
    [red, green, blue] = palette.subarray(3 * red, 3 * red + 3);
  } else {
    if (channels >= 3) [green, blue] = [value(1), value(2)];
    if (clear && isClear(clear, colour === 2 ? [red, green, blue] : [red])) alpha = 0;
    if (channels === 2 || channels === 4) alpha = full(value(channels - 1));
    [red, green, blue] = [full(red), full(green), full(blue)];
  }
  const over = (number) => (number * alpha + 255 * (255 - alpha)) / 255;
  rgba[to] = over(red);
  rgba[to + 1] = over(green);
  rgba[to + 2] = over(blue);
  rgba[to + 3] = 255;
}

function isClear(clear, samples) {
  return samples.every((number, at) => number === ((clear[2 * at] << 8) | clear[2 * at + 1]));
}

function sample(line, bit, depth) {
  if (depth === 16) return (line[bit >> 3] << 8) | line[(bit >> 3) + 1];
  return (line[bit >> 3] >> (8 - depth - (bit & 7))) & ((1 << depth) - 1);
}
