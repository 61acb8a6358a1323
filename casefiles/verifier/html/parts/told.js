// What the findings mean for a person: two answers, who and what and when, and words for each check that does not hold.
import { FAILED, INDETERMINATE, NOT_MADE, PASSED } from "./checks.js";
import { has, isText } from "./canonical.js";
import { itemsOf, valueOf } from "./records.js";
import { tables } from "./tables.js";
import { toldTime } from "./times.js";

/** Checks of trust in somebody from outside; all others are about the file itself. */
const TRUST = ["seal.chain", "seal.counter", "seal.time_stamp", "archive.time_stamp", "archive.renewals", "log.checkpoint_stamp", "log.stamps", "seal.revocation"];
/** What it means that a check does not hold: a text for each, by how the check's id begins, the longest first. */
const MEANING = {
  "seal.complete": "file", "seal.digests": "file", "seal.signature": "seal", "seal.chain": "root", "seal.counter": "counter", "seal.time_stamp": "stamp", "seal.revocation": "revoked", "archive.manifest": "file",
  "archive.time_stamp": "stamp", "archive.renewals": "renewal", "archive.order": "time", "log.key": "key", "log.checkpoint_stamp": "stamp", "log.stamps": "stamp", "log.times": "stamp",
  "log.order": "time", "records.times": "time", "records.seal": "seal", "content.no_pictures": "picture", "content.certificates": "record",
  container: "file", bag: "file", log: "log", records: "record", content: "record",
};
/** Whom to ask, by what it means. */
const ASK = { root: "letter", key: "letter", seal: "letter", revoked: "issuer", picture: "picture", time: "sender" };

export const YES = "yes", NO = "no", OPEN = "open";

export const meaningOf = (id) => MEANING[id] ?? MEANING[id.split(".")[0]];
export const askOf = (id) => ASK[meaningOf(id)] ?? "sender";

/** Whether the file is complete and unchanged: no check of the file itself failed, and each was made. */
export function wholeness(findings) {
  const own = findings.filter(({ id, verdict }) => !TRUST.includes(id) && verdict !== NOT_MADE);
  const isBroken = findings.some(({ id, verdict, code }) => verdict === FAILED && !isOfTrustAlone(id, code));
  if (isBroken) return NO;
  return own.every(({ verdict }) => verdict === PASSED) ? YES : OPEN;
}

/** Another root, another seal than the one in the letter, or one that was revoked, says nothing about the bytes. */
const isOfTrustAlone = (id, code) => TRUST.includes(id) && ["verification.no_root", "bundle_seal.another_certificate", "certificate.revoked"].includes(code);

/** Whether the signer is the one of the letter. */
export function signer({ findings, opened }, pin) {
  const signature = findings.find(({ id }) => id === "seal.signature");
  if (signature.verdict !== PASSED) return { answer: NO, fingerprint: null };
  const { fingerprint } = opened.seal.certificate;
  // of whoever signs after a certificate was revoked, its fingerprint says nothing
  const isRevoked = findings.some(({ code, facts: { isStamp } }) => code === "certificate.revoked" && !isStamp);
  if (isRevoked) return { answer: NO, fingerprint };
  const chain = findings.find(({ id }) => id === "seal.chain");
  if (pin === null) return { answer: chain.verdict === FAILED ? NO : OPEN, fingerprint };
  return { answer: pin === fingerprint && (chain.verdict !== FAILED || chain.code === "verification.no_root") ? YES : NO, fingerprint };
}

/** Who, what and when: rows of a table, each the key of its words, its text, and whether a stamp that is trusted proves it. */
export async function facts({ findings, opened }) {
  const facts_ = new Map(findings.map((finding) => [finding.id, finding]));
  const isGood = (...ids) => ids.every((id) => facts_.get(id)?.verdict === PASSED);
  const records = isGood("log.disclosures") ? await opened.records() : [];
  const told = isGood("records.schemas") ? opened.told : null;
  const stampOf = (id) => facts_.get(id)?.facts.latest;
  const posted = itemsOf(records).map((item) => valueOf(item, "posted_at")).filter(isText).sort();
  const isProven = isGood("log.checkpoint", "log.inclusion");
  return {
    who: [
      ["organisation", told?.organisation],
      ["sealer", isGood("seal.signature") ? facts_.get("seal.signature").facts.certificate : null],
      ["purpose", told?.purpose, told?.purpose === `evidence for the ${told?.audience}` ? `verifier.purpose.${told.audience}` : null],
      ...(facts_.get("seal.counter")?.facts.names ? [["countersealer", facts_.get("seal.counter").facts.names]] : []),
    ],
    what: [["bundle", told?.bundle], ["case", told?.case], ["items", told?.items], ["entries", told?.events], ["withheld", told?.withheld]],
    when: [
      ["posted", posted.length ? [...new Set([posted[0], posted.at(-1)].map((at) => toldTime(at)))].join(" \u2013 ") : null],
      ["first", isGood("log.times", "log.consistency", "log.stamps", "log.checkpoint_stamp", "log.checkpoint", "log.inclusion") ? toldTime(facts_.get("log.times").facts.earliest, { up: true }) : null],
      ["last", isGood("log.checkpoint_stamp") && isProven ? toldTime(stampOf("log.checkpoint_stamp"), { up: true }) : null],
      ["sealed", isGood("seal.time_stamp") ? toldTime(stampOf("seal.time_stamp"), { up: true }) : null],
      ["kept", isGood("archive.time_stamp") ? toldTime(stampOf("archive.time_stamp"), { up: true }) : null],
      ...(facts_.get("seal.counter")?.facts.latest ? [["countersealed", toldTime(facts_.get("seal.counter").facts.latest, { up: true })]] : []),
      ...(isGood("archive.renewals") && facts_.get("archive.renewals").facts.newest ? [["renewed", toldTime(facts_.get("archive.renewals").facts.newest, { up: true })]] : []),
    ],
  };
}

/** The certificates of which no revocation list tells; none where that was not looked at. */
export const unlisted = ({ findings }) => findings.find(({ id }) => id === "seal.revocation").facts.without ?? [];

export const isRehearsal = ({ findings, opened }) => findings.some(({ id, verdict }) => id === "records.schemas" && verdict === PASSED) && opened.told.rehearsal === "yes";

/** What was found, in English, for whoever helps with it: the words of `nisisama verify`. */
export function detailOf({ code, facts: given }) {
  const said = has(tables.said, code ?? "") ? tables.said[code] : {};
  const filled = (text) => text.replace(/\{(\w+)(?::\w+)?\}/g, (_, name) => (has(given, name) ? factText(given[name]) : `{${name}}`));
  const parts = [given.where ? `${given.where}: ` : "", filled(said.message ?? code ?? "")];
  if (said.expected || given.expected) parts.push(` (expected ${said.expected ? filled(said.expected) : factText(given.expected)})`);
  const cause = given.cause ? ` <- ${detailOf(given.cause)}` : "";
  const found = said.found ? filled(said.found) : given.found ?? "";
  return `${parts.join("")}${found === "" ? "" : `: ${factText(found)}`}${cause} [${code}]`;
}

const factText = (fact) => (fact?.code ? detailOf(fact) : String(fact));
export const verdictKey = (verdict) => ({ [PASSED]: "passed", [FAILED]: "failed", [INDETERMINATE]: "open" })[verdict];
