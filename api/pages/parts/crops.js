// PDQ hashes of the crops of a picture: the grid and the folded matrices of evidence/fingerprint/{grid,crops}.py.

import { BITS, DCT, MIN_SIDE, bands, hashOf } from "./pdq.js";

const STEP = 40;
const BOTH = 8;
const ONE = 12;
const LEAST_SIDE = 240;
const HASH_BYTES = 32;

/** Every crop that is asked for: `[columns, rows]`, each `[cut at the beginning, cut at the end]` in steps. */
export function cropGrid() {
  const cuts = [];
  for (let first = 0; first <= BOTH; first++) {
    for (let last = 0; last <= BOTH - first; last++) cuts.push([first, last]);
  }
  const beyond = cuts.map(([first, last]) => [0 - first, 0 - last]);
  const far = [];
  for (let much = BOTH + 1; much <= ONE; much++) far.push([much, 0], [0, much]);
  const pairs = (some) => some.flatMap((columns) => some.map((rows) => [columns, rows]));
  const oneSided = [...far.map((cut) => [cut, [0, 0]]), ...far.map((cut) => [[0, 0], cut])];
  const all = [...pairs(cuts), ...oneSided, ...pairs(beyond)];
  return [...new Map(all.map((crop) => [String(crop), crop])).values()];
}

/** Means of blocks of a picture, whose rows come one after the other. */
export class Scaled {
  constructor(width, height) {
    this.width = width;
    this.height = height;
    this.scale = [8, 4, 2].find((scale) => Math.min(width, height) >= scale * LEAST_SIDE) ?? 1;
    this.columns = Math.ceil(width / this.scale);
    this.rows = Math.ceil(height / this.scale);
    this.luma = new Float32Array(this.columns * this.rows);
  }

  add(row, luma) {
    const to = Math.floor(row / this.scale) * this.columns;
    const deep = Math.min(this.scale, this.height - Math.floor(row / this.scale) * this.scale);
    for (let x = 0; x < this.width; x++) {
      const column = Math.floor(x / this.scale);
      const wide = Math.min(this.scale, this.width - column * this.scale);
      this.luma[to + column] += luma[x] / (wide * deep);
    }
  }
}

function boundsOf(length, [first, last]) {
  if (first >= 0 && last >= 0) {
    const begin = Math.floor((length * first) / STEP);
    const end = length - Math.floor((length * last) / STEP);
    return end - begin >= MIN_SIDE ? [begin, end] : [0, length];
  }
  const whole = Math.floor((length * STEP) / (STEP + first + last));
  const begin = Math.floor((whole * first) / STEP);
  return [begin, begin + whole];
}

/** Crop, blur, decimation and cosine transform of an axis: 16 lines read forwards, then 16 backwards. */
function axisMatrix(length, scale, cut) {
  const [begin, end] = boundsOf(length, cut);
  const samples = Math.ceil(length / scale);
  const [forwards, backwards] = bands(end - begin);
  return [...waves(forwards, begin, length, scale, samples), ...waves([...backwards].reverse(), begin, length, scale, samples)];
}

function waves(way, begin, length, scale, samples) {
  const lines = Array.from({ length: BITS }, () => new Float32Array(samples));
  way.forEach(({ start, weights }, index) => weights.forEach((weight, at) => {
    const pixel = Math.min(Math.max(begin + start + at, 0), length - 1);
    const sample = Math.floor(pixel / scale);
    for (let wave = 0; wave < BITS; wave++) lines[wave][sample] += weight * DCT[wave][index];
  }));
  return lines;
}

/** Each row of the picture by each line of a matrix: `[line][row]`. */
function across(picture, lines) {
  const made = lines.map(() => new Float32Array(picture.rows));
  for (let row = 0; row < picture.rows; row++) {
    const from = picture.luma.subarray(row * picture.columns, (row + 1) * picture.columns);
    for (let line = 0; line < lines.length; line++) made[line][row] = dot(from, lines[line]);
  }
  return made;
}

function dot(one, other) {
  let sum = 0;
  for (let at = 0; at < one.length; at++) sum += one[at] * other[at];
  return sum;
}

/** The 16 by 16 coefficients of one crop, read one way. */
function coefficients(rowLines, columnLines) {
  const flat = new Float32Array(BITS * BITS);
  for (let row = 0; row < BITS; row++) {
    for (let column = 0; column < BITS; column++) flat[row * BITS + column] = dot(rowLines[row], columnLines[column]);
  }
  return flat;
}

/**
 * The hashes of all crops, each upright and mirrored, in one row of bytes: first all that are upright.
 *
 * @param pause Awaited after each cut of the columns; what it throws ends the work.
 */
export async function cropHashes(picture, pause) {
  const crops = cropGrid();
  const hashes = new Uint8Array(2 * crops.length * HASH_BYTES);
  const down = new Map();
  for (const crop of crops) {
    const key = String(crop[1]);
    if (!down.has(key)) down.set(key, axisMatrix(picture.height, picture.scale, crop[1]).slice(0, BITS));
  }
  for (const columns of new Map(crops.map((crop) => [String(crop[0]), crop[0]])).values()) {
    const made = across(picture, axisMatrix(picture.width, picture.scale, columns));
    crops.forEach((crop, at) => {
      if (String(crop[0]) !== String(columns)) return;
      const rows = down.get(String(crop[1]));
      hashes.set(hashOf(coefficients(rows, made.slice(0, BITS))), at * HASH_BYTES);
      hashes.set(hashOf(coefficients(rows, made.slice(BITS))), (crops.length + at) * HASH_BYTES);
    });
    await pause();
  }
  return hashes;
}
