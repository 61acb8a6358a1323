// Names in certificates: when two are the same (RFC 5280, 7.1), and whether an issuer may name them (4.2.1.10).
// evidence/stamp/names.py has the same rules.
import { hex, latin1 } from "./bytes.js";
import { context, every, Fields, inside, integerOf, malformed, oidOf, SEQUENCE, SET, unsigned } from "./der.js";
import { refuse } from "./refuse.js";
import { tables } from "./tables.js";

const COMMON_NAME = "2.5.4.3";
const EMAIL = "1.2.840.113549.1.9.1";
const SHORT = { [COMMON_NAME]: "CN", "2.5.4.6": "C", "2.5.4.7": "L", "2.5.4.8": "ST", "2.5.4.10": "O", "2.5.4.11": "OU" };
export const DIRECTORY = 4;
const MAIL = 1, HOST = 2, PLACE = 6, ADDRESS = 7;
const TEXTS = {
  0x0c: "utf-8", 0x13: "latin1", 0x14: "latin1", 0x16: "latin1", 0x1c: "utf-32be", 0x1e: "utf-16be",
};

/** The pairs of a Name: for each of its relative names, [type, what it says, its bytes]. */
function relatives(name) {
  return every(name, SEQUENCE, SET).map((relative) => every(relative, SET, SEQUENCE).map((pair) => {
    const fields = new Fields(pair);
    const [type, value] = [oidOf(fields.take()), fields.take()];
    fields.end();
    return [type, textOf(type, value), value];
  }));
}

/** The text of a value; null where its type is none of the texts of a name. */
function textOf(type, value) {
  const kind = tables.nameTypes[type];
  if (kind === undefined || kind === "bits") return null;
  if (!(value.tag in TEXTS)) malformed();
  return inEncoding(TEXTS[value.tag], value.contents);
}

function inEncoding(encoding, bytes) {
  if (encoding === "latin1") return latin1(bytes);
  if (encoding === "utf-32be") return String.fromCodePoint(...Array.from({ length: bytes.length / 4 }, (_, at) => Number(unsigned(bytes.subarray(at * 4, at * 4 + 4)))));
  try {
    return new TextDecoder(encoding, { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return malformed();
  }
}

/** What a Name says, one text for each relative name; two Names with the same are the same. */
export function canonical(name) {
  return relatives(name).map((relative) => JSON.stringify(relative.map(([type, text, value]) => JSON.stringify([type, text === null ? hex(value.der) : plain(text)])).sort()));
}

const plain = (text) => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase()).replace(/ +/g, " ").replace(/^ | $/g, "");

export const isOneName = (one, other) => one.join("\n") === other.join("\n");

/** A Name for people, in the order of RFC 4514. */
export function nameText(name) {
  const spelled = ([type, text, value]) => `${SHORT[type] ?? type}=${(text ?? hex(value.der)).replace(/([,+"\\<>;])/g, "\\$1")}`;
  return relatives(name).map((relative) => relative.map(spelled).join("+")).reverse().join(",");
}

/** The first common name, if there is one. */
export function commonName(name) {
  return relatives(name).flat().find(([type]) => type === COMMON_NAME)?.[1] ?? null;
}

/** A GeneralName as it compares: its kind, and what it says, or the bytes of what we do not look into. */
export function generalName(element) {
  const kind = element.tag & 0x1f;
  if (element.tag >> 6 !== 2 || kind > 8) malformed();
  if (kind === DIRECTORY) return { kind, value: canonical(element.only) };
  return { kind, value: latin1(element.contents) };
}

export const isSameGeneral = (one, other) => one.kind === other.kind && JSON.stringify(one.value) === JSON.stringify(other.value);

/** Every name that a certificate is for, as name constraints see them. */
export function namesOf(subject, alternatives) {
  const own = canonical(subject);
  const mails = relatives(subject).flat().filter(([type]) => type === EMAIL).map(([, , value]) => ({ kind: MAIL, value: latin1(value.contents) }));
  return [...(own.length ? [{ kind: DIRECTORY, value: own }] : []), ...mails, ...alternatives];
}

/** The NameConstraints of an issuer: its permitted and its excluded subtrees. */
export function constraintsOf(element) {
  const fields = new Fields(element);
  const [permitted, excluded] = [fields.maybe(inside(0)), fields.maybe(inside(1))];
  fields.end();
  return { permitted: subtrees(permitted), excluded: subtrees(excluded) };
}

function subtrees(element) {
  return (element?.parts ?? []).map((one) => {
    const fields = new Fields(one);
    const base = generalName(fields.take());
    const [least, most] = [fields.maybe(context(0)), fields.maybe(context(1))];
    fields.end();
    if (most || (least && integerOf(least, context(0)) !== 0n)) refuse("certificate.constraint_not_understood", { found: "maximum" });
    return base;
  });
}

/** Refuse a name that is excluded, or that none of the permitted subtrees of its kind has. */
export function requirePermitted(names, { permitted, excluded }, { where, by }) {
  for (const name of names) {
    const limits = permitted.filter((base) => base.kind === name.kind);
    const isOut = excluded.some((base) => base.kind === name.kind && isWithin(name, base));
    if (isOut || (limits.length && !limits.some((base) => isWithin(name, base)))) refuse("certificate.name_not_allowed", { where, by });
  }
}

function isWithin({ kind, value }, base) {
  if (kind === DIRECTORY) return isOneName(value.slice(0, base.value.length), base.value);
  const within = { [HOST]: isHostWithin, [MAIL]: isMailWithin, [PLACE]: isPlaceWithin, [ADDRESS]: isAddressWithin }[kind];
  return within ? within(value, base.value) : refuse("certificate.constraint_not_understood", { found: String(kind) });
}

function isHostWithin(name, base) {
  const [host, limit] = [name.toLowerCase(), base.toLowerCase()];
  return !limit || host === limit || host.endsWith(`.${limit.replace(/^\.+/, "")}`);
}

const parted = (text) => [text.slice(0, Math.max(0, text.lastIndexOf("@"))), text.slice(text.lastIndexOf("@") + 1)];

function isMailWithin(name, base) {
  const [local, host] = parted(name);
  if (!base.includes("@")) return isOnlyBelow(host, base);
  const [baseLocal, baseHost] = parted(base);
  return local === baseLocal && host.toLowerCase() === baseHost.toLowerCase();
}

function isPlaceWithin(name, base) {
  const found = /^[^:/?#]+:\/\/(?:[^/?#@]*@)?([^/?#:]+)/.exec(name);
  return found ? isOnlyBelow(found[1], base) : refuse("certificate.constraint_not_understood", { found: "uniform_resource_identifier" });
}

function isOnlyBelow(name, limit) {
  const [host, base] = [name.toLowerCase(), limit.toLowerCase()];
  return base.startsWith(".") ? host.endsWith(base) : host === base;
}

function isAddressWithin(name, base) {
  if (![8, 32].includes(base.length)) refuse("certificate.constraint_not_understood", { found: "ip_address" });
  const half = base.length / 2;
  if (name.length !== half) return false;
  return [...name].every((byte, at) => (byte.charCodeAt(0) & base.charCodeAt(half + at)) === base.charCodeAt(at));
}
