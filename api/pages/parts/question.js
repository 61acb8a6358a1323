// The fingerprints of a file, and the question that is sealed: docs/check-page.md says its form.

import { Refused, pixelsOf, readFile } from "./decode.js";
import { MIN_SIDE, Pdq, eachRow, hex } from "./pdq.js";
import { Scaled, cropHashes } from "./crops.js";
import { trims } from "./trim.js";
import { jcs } from "./jcs.js";
import { wordsOf } from "./proquint.js";

const FORMAT = "nisisama/question/1";
export const LEAST_QUALITY = 50;
export const MOST_PICTURES = 3;
/** How long the crops of one picture may take; a slow device sends its question without them. */
const CROPS_WITHIN_MS = 20_000;

/** Let the browser draw and answer. */
function breathe() {
  return new Promise((done) => { setTimeout(done); });
}

async function hashBox(read, box, more) {
  const sums = new Pdq(box.width, box.height);
  const visit = (row, luma) => {
    sums.add(row, luma);
    more?.add(row, luma);
  };
  await eachRow(read, box, visit, breathe);
  return sums.fields();
}

/** Everything of a file's pixels but the crops, and the picture that those are made of. */
export async function hashPixels(pixels) {
  const { width, height, read } = pixels;
  const scaled = new Scaled(width, height);
  const pdq = await hashBox(read, { left: 0, top: 0, width, height }, scaled);
  const trimmed = [];
  for (const box of trims(read, width, height)) {
    if (Math.min(box.width, box.height) < MIN_SIDE) continue;
    const place = Object.fromEntries(Object.entries(box).map(([name, value]) => [name, String(value)]));
    trimmed.push({ ...place, pdq: await hashBox(read, box) });
  }
  return { pdq, trimmed, scaled };
}

/**
 * The fingerprints of a file, as they stand in a question.
 *
 * @throws Refused It cannot be compared.
 */
export async function fingerprint(file) {
  const whole = await readFile(file);
  const pixels = await pixelsOf(whole);
  try {
    if (Math.min(pixels.width, pixels.height) < MIN_SIDE) throw new Refused("small");
    const { pdq, trimmed, scaled } = await hashPixels(pixels);
    if ([pdq, ...trimmed.map((each) => each.pdq)].every((each) => Number(each.quality) < LEAST_QUALITY)) {
      throw new Refused("plain");
    }
    const sha256 = hex(new Uint8Array(await crypto.subtle.digest("SHA-256", whole.bytes)));
    return { crops: await cropsWithin(scaled), pdq, sha256, trimmed };
  } finally {
    pixels.close();
  }
}

async function cropsWithin(scaled) {
  const until = performance.now() + CROPS_WITHIN_MS;
  const late = new Error("late");
  try {
    return base64url(await cropHashes(scaled, async () => {
      if (performance.now() > until) throw late;
      await breathe();
    }));
  } catch (error) {
    if (error !== late) throw error;
    return "";
  }
}

function base64url(bytes) {
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** Seal a question to the office: `{bytes, armor, receipt}`. */
export async function seal(pictures, recipient, { crops }) {
  const kept = crops ? pictures : pictures.map((each) => ({ ...each, crops: "" }));
  const encrypter = new bundled.Encrypter();
  encrypter.addRecipient(recipient);
  const bytes = await encrypter.encrypt(new TextEncoder().encode(jcs({ format: FORMAT, pictures: kept })));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return { bytes, armor: bundled.armor.encode(bytes), receipt: wordsOf(digest) };
}
