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
}

const isReportOf = (member) => member.howMany === "some";
export const isPayload = (name) => name.startsWith("data/");
export const isCertificate = (name) => name.startsWith("data/certs/");
export const isSealed = (name) => memberOf(name).writer === "builder";
export const isArchived = (name) => ["builder", "seal"].includes(memberOf(name).writer);
