// Where a picture lies inside a plain border: the rule of evidence/fingerprint/trim.py, in the same integers.

const SHARES = [98, 60];
const FIRST = 97;
const NEAR = 12;
const GAP = 2;
const MOST = 45;
const ROUNDS = 3;
const BLOCK = 64;

/** The boxes `{left, top, width, height}` inside the border of a picture of this size: none, one or two. */
export function trims(read, width, height) {
  const found = [];
  for (const share of SHARES) {
    const box = trimmedBox(read, { left: 0, top: 0, right: width, bottom: height }, share);
    const kept = { left: box.left, top: box.top, width: box.right - box.left, height: box.bottom - box.top };
    const isSmaller = 100 * (width - kept.width) >= width || 100 * (height - kept.height) >= height;
    if (isSmaller && !found.some((other) => isSame(other, kept))) found.push(kept);
  }
  return found;
}

function isSame(one, other) {
  return Object.keys(one).every((name) => one[name] === other[name]);
}

function trimmedBox(read, whole, share) {
  const box = { ...whole };
  const high = Math.floor((MOST * whole.bottom) / 100);
  const wide = Math.floor((MOST * whole.right) / 100);
  for (let round = 0; round < ROUNDS; round++) {
    const before = { ...box };
    box.top += border(read, box, "top", high - box.top, share);
    box.bottom -= border(read, box, "bottom", high - (whole.bottom - box.bottom), share);
    box.left += border(read, box, "left", wide - box.left, share);
    box.right -= border(read, box, "right", wide - (whole.right - box.right), share);
    if (isSame(box, before)) break;
  }
  return box;
}

/** How many lines of a side of `box` are border, at most `most`. */
function border(read, box, side, most, share) {
  let cut = 0;
  let line = 0;
  let middle = 0;
  for (let at = 0; at < most; at = line) {
    const lines = linesOf(read, box, side, at, Math.min(at + (at ? BLOCK : 1), most));
    for (const luma of lines) {
      if (!line) middle = luma.slice().sort()[(luma.length - 1) >> 1];
      const enough = (line ? share : FIRST) * luma.length;
      if (100 * countNear(luma, middle) >= enough) cut = line + 1;
      else if (line - cut >= GAP || !line) return cut;
      line += 1;
    }
  }
  return cut;
}

function countNear(luma, middle) {
  let count = 0;
  for (const value of luma) if (Math.abs(value - middle) <= NEAR) count += 1;
  return count;
}

/** The brightness of lines `at` to `until` from a side inwards. */
function linesOf(read, box, side, at, until) {
  const width = box.right - box.left;
  const height = box.bottom - box.top;
  const count = until - at;
  if (side === "top") return rowsOf(read(box.left, box.top + at, width, count), width);
  if (side === "bottom") return rowsOf(read(box.left, box.bottom - until, width, count), width).reverse();
  if (side === "left") return columnsOf(read(box.left + at, box.top, count, height), count);
  return columnsOf(read(box.right - until, box.top, count, height), count).reverse();
}

function rowsOf(rgba, width) {
  const plane = planeOf(rgba);
  return Array.from({ length: plane.length / width }, (_, row) => plane.subarray(row * width, (row + 1) * width));
}

function columnsOf(rgba, count) {
  const plane = planeOf(rgba);
  const height = plane.length / count;
  return Array.from({ length: count }, (_, column) =>
    Uint8Array.from({ length: height }, (__, row) => plane[row * count + column]));
}

function planeOf(rgba) {
  const plane = new Uint8Array(rgba.length / 4);
  for (let at = 0, from = 0; at < plane.length; at++, from += 4) {
    plane[at] = (77 * rgba[from] + 150 * rgba[from + 1] + 29 * rgba[from + 2]) >> 8;
  }
  return plane;
}
