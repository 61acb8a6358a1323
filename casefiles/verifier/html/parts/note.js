// Checkpoints of the log (C2SP signed-note and tlog-checkpoint; docs/format.md, Checkpoint).
import { base64, decode, encode, fromBase64, hex, joined, sha256, isSame } from "./bytes.js";
import { isEmptyRoot } from "./merkle.js";
import { refuse, refusedAs } from "./refuse.js";

const LOG_NAME = /^[a-z0-9./-]{1,255}$/;
export const MAX_SIZE = 2n ** 63n - 1n;
const ED25519_TYPE = 1;

/** A log's public key and its name, the C2SP vkey. */
export function parseKey(text) {
  const [name, , ...rest] = text.split("+");
  const encoded = rest.join("+");
  const typed = fromBase64(encoded) ?? refuse("note.not_base64", { length: encoded.length });
  if (typed[0] !== ED25519_TYPE) refuse("note.not_a_verifier_key", { kind: hex(typed.subarray(0, 1)) });
  if (!LOG_NAME.test(name)) refuse("note.not_a_key_name", { found: name.slice(0, 80) });
  if (typed.length !== 33) refuse("note.not_a_public_key", { where: name, length: typed.length - 1 });
  const id = sha256(joined(encode(`${name}\n`), typed)).subarray(0, 4);
  const spelled = `${name}+${hex(id)}+${base64(typed)}`;
  if (spelled !== text) refuse("note.identifier_of_another_key", { expected: spelled, found: text.slice(0, 400) });
  return { name, id, publicKey: typed.subarray(1), text: spelled };
}

/** Read a size or an index: at most 19 digits, no leading zero. */
export function parseDecimal(text) {
  if (!/^(?:0|[1-9][0-9]{0,18})$/.test(text)) refuse("note.not_a_number", { found: text.slice(0, 40) });
  return BigInt(text);
}

/** Read a hash from base64. */
export function parseHash(text) {
  const value = fromBase64(text) ?? refuse("note.not_base64", { length: text.length });
  return value.length === 32 ? value : refuse("note.not_a_hash", { length: value.length });
}

/** Read a checkpoint file and check that `key` signed it. */
export function openCheckpoint(bytes, key) {
  // (1) the form
  const lines = (decode(bytes) ?? refuse("note.not_utf_8")).split("\n");
  if (lines.map(Boolean).join() !== "true,true,true,false,true,false") refuse("note.not_a_checkpoint", { length: lines.length });
  // (2) the signer
  const signature = signatureBy(key, lines[4]);
  // (3) the signature
  const text = `${lines.slice(0, 3).join("\n")}\n`;
  if (!isSigned(signature, encode(text), key.publicKey)) refuse("note.wrong_signature", { key: key.name });
  // (4) the text
  const [origin, size, root] = lines;
  if (origin !== key.name) refuse("checkpoint.another_log", { expected: key.name, found: origin.slice(0, 80) });
  const read = refusedAs("checkpoint.malformed", { name: key.name }, () => ({ origin, size: parseDecimal(size), root: parseHash(root) }));
  if (read.size > MAX_SIZE) refuse("checkpoint.not_a_size", { where: origin, found: size });
  if (read.size === 0n && !isEmptyRoot(read.root)) refuse("checkpoint.not_a_root", { where: origin, root: hex(read.root), size });
  return read;
}

function signatureBy(key, line) {
  const start = `\u2014 ${key.name} `;
  if (!line.startsWith(start)) refuse("note.signed_under_another_name", { expected: key.name, found: line.slice(0, 80) });
  const whole = fromBase64(line.slice(start.length)) ?? refuse("note.not_base64", { length: line.length - start.length });
  if (!isSame(whole.subarray(0, 4), key.id)) refuse("note.signed_by_another_key", { where: key.name, expected: hex(key.id), found: hex(whole.subarray(0, 4)) });
  return whole.length === 68 ? whole.subarray(4) : refuse("note.not_a_signature", { where: key.name, length: whole.length - 4 });
}

function isSigned(signature, text, publicKey) {
  try {
    return bundled.ed25519.verify(signature, text, publicKey, { zip215: false });
  } catch {
    return false;
  }
}
