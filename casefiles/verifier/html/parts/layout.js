// The table of a bundle's members (casefiles/format/layout.py): what may be inside, and who lists it.
import { refuse } from "./refuse.js";
import { tables } from "./tables.js";

const ONES = new Map(tables.members.filter((member) => member.howMany === "one").map((member) => [member.name, member]));
const PATTERNS = tables.members.filter((member) => member.howMany !== "one").map((member) => [new RegExp(`^(?:${member.name})$`), member]);
const SAFE = /^(?:[A-Za-z0-9][A-Za-z0-9._-]*\/)*[A-Za-z0-9][A-Za-z0-9._-]*$/;

export const isSafeName = (name) => name.length <= tables.limits.nameBytes && SAFE.test(name);

export function memberOf(name) {
  const found = ONES.get(name) ?? PATTERNS.find(([pattern]) => pattern.test(name))?.[1];
  return found ?? refuse("container.unknown_member", { where: name.slice(0, tables.limits.nameBytes) });
}

/** Refuse a set of members that lacks one of those that must be there, or has one that may not. */
export function requireMembers(names) {
  const missing = [...ONES.keys()].sort().filter((name) => !names.includes(name));
  if (missing.length) refuse("container.member_missing", { where: missing[0], length: missing.length });
  const isReport = names.map((name) => isReportOf(memberOf(name)));
  if (!isReport.includes(true)) refuse("container.report_missing", { where: "data/report.en.txt" });
  requireSeries(names.filter((name) => isBy(name, "counter")), [counterManifest, counterSignature]);
  requireSeries(names.filter((name) => isBy(name, "renewal")), [keptManifest, renewalToken]);
}

/** Refuse a member that is longer than its kind may be, or has a longer line than one that is read whole may have. */
export function requireSizes(members) {
  for (const [name, content] of members) {
    const { maxBytes, isOfLines } = memberOf(name);
    if (content.length > maxBytes) refuse("container.member_over_limit", { where: name, limit: maxBytes, found: content.length });
    if (isOfLines) requireLineLengths(name, content, tables.limits.lineBytes);
  }
}

function requireLineLengths(name, content, limit) {
  for (let at = 0; content.length - at > limit;) {
    const end = content.subarray(at, at + limit + 1).lastIndexOf(10);
    if (end < 0) refuse("container.line_over_limit", { where: name, limit });
    at += end + 1;
  }
}

/** Refuse names that are not those of the numbers 1, 2, 3 and so on, each with all its members. */
function requireSeries(names, of) {
  const wanted = Array.from({ length: Math.ceil(names.length / of.length) }, (_, at) => of.map((name) => name(at + 1))).flat();
  const missing = wanted.filter((name) => !names.includes(name)).sort();
  if (missing.length) refuse("container.member_missing", { where: missing[0], length: missing.length });
}

const padded = (number) => String(number).padStart(3, "0");
/** The archive's list of this number, from 1 on, once a newer one took its name; and the stamp of this renewal. */
const keptManifest = (number) => `META-INF/ASiCArchiveManifest${padded(number)}.xml`;
const renewalToken = (number) => `META-INF/timestamp${padded(number + 2)}.tst`;
const isBy = (name, writer) => memberOf(name).writer === writer;
const hasXml = (name) => name.endsWith(".xml");
export const isKeptManifest = (name) => isBy(name, "renewal") && hasXml(name);

/** The chain of archive stamps, oldest first: the list of each, and its token (casefiles/format/archive.py). */
export function linksOf(names) {
  const renewals = Array.from({ length: names.filter(isKeptManifest).length }, (_, at) => at + 1);
  const tokens = ["META-INF/timestamp002.tst", ...renewals.map(renewalToken)];
  return [...renewals.map(keptManifest), "META-INF/ASiCArchiveManifest.xml"].map((manifest, at) => ({ manifest, token: tokens[at] }));
}

/** What a counter-seal of this number, from 1 on, signs; and the counter-seal. */
const counterManifest = (number) => `META-INF/ASiCManifest${padded(number + 1)}.xml`;
const counterSignature = (number) => `META-INF/signature${padded(number + 1)}.p7s`;
export const isCounterSealed = (name) => isBy(name, "builder") || isBy(name, "seal");

/** The counter-seals, oldest first: the list of each, and its signature. */
export function counterSealsOf(names) {
  const count = names.filter((name) => isBy(name, "counter") && !hasXml(name)).length;
  return Array.from({ length: count }, (_, at) => ({ manifest: counterManifest(at + 1), signature: counterSignature(at + 1) }));
}

/** What the list of a link names: what every archive covers, and all links and counter-seals before. */
export const listedBy = (names, earlier, counterSeals) => [...names.filter(isArchived),
  ...earlier.flatMap(({ manifest, token }) => [manifest, token]), ...counterSeals.flatMap(({ manifest, signature }) => [manifest, signature])];

const isReportOf = (member) => member.howMany === "some";
export const isPayload = (name) => name.startsWith("data/");
export const isCertificate = (name) => name.startsWith("data/certs/");
export const isSealOrStamp = (name) => /^META-INF\/\w+\.(?:p7s|tst)$/.test(name);
export const isSealed = (name) => memberOf(name).writer === "builder";
export const isArchived = (name) => ["builder", "seal"].includes(memberOf(name).writer);
