// PDQ of a picture in its eight orientations: the same numbers as evidence/fingerprint/pdq.py, which explains them.

export const GRID = 64;
export const BITS = 16;
export const MIN_SIDE = 5;
/** In the order in which hashes are made; docs/format.md, "Fingerprints". */
export const ORIENTATIONS = [
  "upright", "rotate_90", "rotate_180", "rotate_270", "upside_down", "mirrored", "transposed", "transversed",
];
const STRIP_PIXELS = 1 << 20;

function windowAt(position, length, window) {
  const right = Math.floor(window / 2) + 1;
  return [Math.max(0, position - (window - right)), Math.min(length, position + right)];
}

/** The first sample and the weights that two passes of the box filter leave at `position`. */
function blurredTwice(position, length, window) {
  const [outerLo, outerHi] = windowAt(position, length, window);
  const lo = windowAt(outerLo, length, window)[0];
  const hi = windowAt(outerHi - 1, length, window)[1];
  const weights = new Float32Array(hi - lo);
  for (let inner = outerLo; inner < outerHi; inner++) {
    const [innerLo, innerHi] = windowAt(inner, length, window);
    const share = 1 / ((outerHi - outerLo) * (innerHi - innerLo));
    for (let at = innerLo; at < innerHi; at++) weights[at - lo] += share;
  }
  return { start: lo, weights };
}

/** The 64 samples that are kept of an axis: `[forwards, backwards]`, each a list of `{start, weights}`. */
export function bands(length) {
  const window = Math.ceil(length / (2 * GRID));
  const kept = [];
  for (let index = 0; index < GRID; index++) {
    kept.push(blurredTwice(Math.floor(((2 * index + 1) * length) / (2 * GRID)), length, window));
  }
  const back = kept.map(({ start, weights }) => ({
    start: length - start - weights.length,
    weights: weights.slice().reverse(),
  }));
  return [kept, back.reverse()];
}

/** For each sample of an axis, the rows of the result to which it adds, and with which weight: `[row, weight, ...]`. */
function touched(length) {
  const lists = Array.from({ length }, () => []);
  bands(length).forEach((way, backwards) => way.forEach(({ start, weights }, index) => {
    weights.forEach((weight, at) => lists[start + at].push(2 * index + backwards, weight));
  }));
  return lists;
}

/** The brightness of a row of RGBA. */
function lumaOf(rgba, row, luma) {
  for (let x = 0, at = row * luma.length * 4; x < luma.length; x++, at += 4) {
    luma[x] = 0.299 * rgba[at] + 0.587 * rgba[at + 1] + 0.114 * rgba[at + 2];
  }
}

/**
 * Read the brightness of a box row by row, from the top down.
 *
 * @param read Gives the RGBA of `(left, top, width, height)`.
 * @param visit Takes the number of a row and its brightness, which it must not keep.
 * @param pause Awaited after each strip, so that the page stays responsive.
 */
export async function eachRow(read, box, visit, pause) {
  const rows = Math.max(1, Math.floor(STRIP_PIXELS / box.width));
  const luma = new Float32Array(box.width);
  for (let top = 0; top < box.height; top += rows) {
    const count = Math.min(rows, box.height - top);
    const rgba = read(box.left, box.top + top, box.width, count);
    for (let row = 0; row < count; row++) {
      lumaOf(rgba, row, luma);
      visit(top + row, luma);
    }
    await pause();
  }
}

/** Sums up rows as they come, and hashes what they were; for a box of at least `MIN_SIDE` by `MIN_SIDE`. */
export class Pdq {
  constructor(width, height) {
    this.lists = touched(height);
    this.width = width;
    this.down = Array.from({ length: 2 * GRID }, () => new Float64Array(width));
  }

  add(row, luma) {
    const list = this.lists[row];
    for (let at = 0; at < list.length; at += 2) {
      const sums = this.down[list[at]];
      const weight = list[at + 1];
      for (let x = 0; x < luma.length; x++) sums[x] += weight * luma[x];
    }
  }

  /** As it is sealed: `{quality, upright, ...}`, all of them texts. */
  fields() {
    const grids = gridsOf(this.down, this.width);
    const hashes = turned(grids).map((grid) => hex(hashOf(transformed(grid))));
    const fields = { quality: String(qualityOf(grids[0][0])) };
    ORIENTATIONS.forEach((name, at) => { fields[name] = hashes[at]; });
    return fields;
  }
}

/** The grids of the picture and of its flips: `grids[rows flipped][columns flipped][row][column]`. */
function gridsOf(down, width) {
  const across = bands(width);
  return [0, 1].map((rows) => [0, 1].map((columns) => {
    const grid = Array.from({ length: GRID }, (_, row) => {
      const line = Float64Array.from(across[columns], (band) => product(down[2 * row + rows], band));
      return columns ? line.reverse() : line;
    });
    return rows ? grid.reverse() : grid;
  }));
}

function product(line, { start, weights }) {
  let sum = 0;
  for (let at = 0; at < weights.length; at++) sum += line[start + at] * weights[at];
  return sum;
}

function turned([[whole, mirrored], [upsideDown, both]]) {
  const rotated = [whole, transposed(mirrored), both, transposed(upsideDown)];
  return [...rotated, upsideDown, mirrored, transposed(whole), transposed(both)];
}

function transposed(grid) {
  return Array.from(grid[0], (_, column) => grid.map((line) => line[column]));
}

/** Coefficients 1 to 16 of the 64-point DCT-II. */
export const DCT = Array.from({ length: BITS }, (_, at) => Float64Array.from({ length: GRID }, (__, sample) =>
  Math.sqrt(2 / GRID) * Math.cos((Math.PI / (2 * GRID)) * (at + 1) * (2 * sample + 1))));

/** The 16 by 16 coefficients of a grid, in one list. */
function transformed(grid) {
  const flat = new Float64Array(BITS * BITS);
  DCT.forEach((rowWave, row) => {
    const line = new Float64Array(GRID);
    rowWave.forEach((weight, at) => {
      for (let x = 0; x < GRID; x++) line[x] += weight * grid[at][x];
    });
    DCT.forEach((wave, column) => { flat[row * BITS + column] = product(line, { start: 0, weights: wave }); });
  });
  return flat;
}

/** One bit per coefficient above the lower median, the last one first: 32 bytes. */
export function hashOf(flat) {
  const median = flat.slice().sort()[flat.length / 2 - 1];
  const bytes = new Uint8Array(flat.length / 8);
  for (let at = 0; at < flat.length; at++) {
    if (flat[flat.length - 1 - at] > median) bytes[at >> 3] |= 0x80 >> (at & 7);
  }
  return bytes;
}

/** Whole percents of gradient, summed: 0 to 100. */
function qualityOf(grid) {
  let total = 0;
  for (let row = 0; row < GRID; row++) {
    for (let column = 0; column < GRID; column++) {
      if (row + 1 < GRID) total += percent(grid[row + 1][column], grid[row][column]);
      if (column + 1 < GRID) total += percent(grid[row][column + 1], grid[row][column]);
    }
  }
  return Math.min(Math.floor(total / 90), 100);
}

function percent(one, other) {
  const step = Math.fround(Math.fround(one) - Math.fround(other));
  return Math.abs(Math.trunc(Math.fround(Math.fround(step * 100) / 255)));
}

export function hex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
