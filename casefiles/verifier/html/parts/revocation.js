// Revocation lists (RFC 5280, 5), and whether a certificate was revoked when it was relied on.
// evidence/stamp/revocation.py and casefiles/verifier/revocation.py have the same rules, and say why.
import { readAlgorithm, verifySignature } from "./algorithms.js";
import { isSame } from "./bytes.js";
import { bitsOf, BITS, context, ENUMERATED, every, Fields, inside, INTEGER, integerOf, malformed, momentOf, readDer, SEQUENCE, TIME, UTC_TIME } from "./der.js";
import { distinct, extensionOf, requireIssued } from "./certificate.js";
import { canonical, generalName, isOneName, isSameGeneral, nameText } from "./names.js";
import { holds, refuse, refusedAs, Undecided } from "./refuse.js";
import { formatTime, MAX_SKEW } from "./times.js";

const MAX_LIST_BYTES = 256 * 1024;
const LIST_AUTHORITY_KEY = "2.5.29.35", LIST_NUMBER = "2.5.29.20", LIST_SCOPE = "2.5.29.28", REASON = "2.5.29.21";
const PLACES = "2.5.29.31", NO_REVOCATION = "2.5.29.56";
const REASONS = {
  0: "unspecified", 1: "key_compromise", 2: "ca_compromise", 3: "affiliation_changed", 4: "superseded", 5: "cessation_of_operation",
  6: "certificate_hold", 8: "remove_from_crl", 9: "privilege_withdrawn", 10: "aa_compromise",
};
/** Reasons for which the time stamps that a unit made before stay good (RFC 3161, 4). */
const RETIRED = ["unspecified", "affiliation_changed", "superseded", "cessation_of_operation"];
const WEB_ADDRESS = 6;

/** Read one list, which must be a whole one of its issuer's own certificates, with an end. Nothing of it is trusted yet. */
export function readList(der) {
  if (der.length > MAX_LIST_BYTES) refuse("signed_data.list_too_long", { limit: MAX_LIST_BYTES, found: der.length });
  const whole = new Fields(readDer(der));
  const [tbs, algorithm, signature] = [whole.take(SEQUENCE), whole.take(SEQUENCE), whole.take(BITS)];
  whole.end();
  const fields = new Fields(tbs);
  fields.maybe(INTEGER);
  const [own, issuer, made] = [fields.take(SEQUENCE), fields.take(SEQUENCE), fields.take(UTC_TIME, TIME)];
  const [end, listed, extensions] = [fields.maybe(UTC_TIME, TIME), fields.maybe(SEQUENCE), fields.maybe(inside(0))];
  fields.end();
  if (!isSame(own.der, algorithm.der)) refuse("signed_data.two_signature_algorithms");
  const where = nameText(issuer);
  const scope = scopeOf(extensions, where);
  if (!end) refuse("certificate.list_without_end", { where });
  const entries = new Map((listed ? every(listed, SEQUENCE, SEQUENCE) : []).map((entry) => entryOf(entry, where)));
  return {
    der, where, issuer: canonical(issuer), scope, madeAt: momentOf(made), endsAt: momentOf(end), entries,
    tbs: tbs.der, algorithm, signature: bitsOf(signature), makers: new Map(),
  };
}

/** What a list is for, by its issuing distribution point; null where it is for every certificate of its issuer. */
function scopeOf(extensions, where) {
  let scope = null;
  for (const [oid, { isCritical, value }] of extensions ? every(extensions.only, SEQUENCE, SEQUENCE).map(extensionOf) : []) {
    if (oid === LIST_SCOPE) {
      scope = issuingPoint(readDer(value));
      if (!scope.isWhole) refuse("certificate.list_not_whole", { where, found: oid });
    } else if (isCritical && ![LIST_AUTHORITY_KEY, LIST_NUMBER].includes(oid)) refuse("certificate.list_not_whole", { where, found: oid });
  }
  return scope;
}

function issuingPoint(element) {
  const fields = new Fields(element);
  const [point, users, authorities, reasons, indirect, attributes] = [fields.maybe(inside(0)), ...[1, 2, 3, 4, 5].map((number) => fields.maybe(context(number)))];
  fields.end();
  return {
    places: point ? placesIn(point.only) : [], isOfUsers: isTrue(users), isOfAuthorities: isTrue(authorities),
    isWhole: !reasons && !isTrue(indirect) && !isTrue(attributes),
  };
}

/** A boolean behind a tag of its own, whose one byte nobody looked at. */
const isTrue = (element) => element !== null && (element.contents.length !== 1 || element.contents[0] !== 0);

/** The addresses of a DistributionPointName; one that is relative to its issuer has none. */
function placesIn(name) {
  if (name.tag === inside(1)) return [];
  return every(name, inside(0)).map(generalName).filter(({ kind }) => kind === WEB_ADDRESS);
}

/** Where a certificate says that lists of its issuer are to be had (RFC 5280, 4.2.1.13). */
function placesOf(certificate) {
  return certificate.value(PLACES, (element) => every(element, SEQUENCE, SEQUENCE).flatMap((one) => {
    const fields = new Fields(one);
    const point = fields.maybe(inside(0));
    fields.maybe(context(1));
    fields.maybe(inside(2));
    fields.end();
    return point ? placesIn(point.only) : [];
  })) ?? [];
}

/** An entry: the serial number, and since when and why the certificate is revoked; null where the entry gives no reason. */
function entryOf(element, where) {
  const fields = new Fields(element);
  const [serial, since, extensions] = [integerOf(fields.take(INTEGER)), momentOf(fields.take(UTC_TIME, TIME)), fields.maybe(SEQUENCE)];
  fields.end();
  let reason = null;
  for (const [oid, { isCritical, value }] of extensions ? every(extensions, SEQUENCE, SEQUENCE).map(extensionOf) : []) {
    if (oid === REASON) reason = REASONS[integerOf(readDer(value), ENUMERATED)] ?? malformed();
    else if (isCritical) refuse("certificate.list_not_whole", { where, found: oid });
  }
  return [serial, { since, reason }];
}

/** Check that `by` made a list: by name, by its right to sign lists, with its key and an algorithm of the list. */
export function requireMadeBy(list, by) {
  if (!isOneName(list.issuer, by.subjectName) || !by.usages?.has("crl_sign")) refuse("certificate.list_of_no_issuer", { where: list.where });
  const verify = () => verifySignature({ key: by.key, algorithm: readAlgorithm(list.algorithm), signature: list.signature, signed: list.tbs });
  if (!list.makers.has(by.fingerprint)) list.makers.set(by.fingerprint, holds(verify));
  if (!list.makers.get(by.fingerprint)) refusedAs("certificate.list_not_signed", { where: list.where }, verify);
}

/** Whether a list speaks of a certificate, which its issuer issued (RFC 5280, 5.2.5 and 6.3.3 (b)). */
export function covers({ scope }, certificate) {
  if (!scope) return true;
  if (certificate.constraints?.isAuthority ? scope.isOfUsers : scope.isOfAuthorities) return false;
  return !scope.places.length || placesOf(certificate).some((place) => scope.places.some((one) => isSameGeneral(one, place)));
}

/** Whether a certificate says that nobody will ever tell of its revocation (noRevAvail, RFC 9608). */
export const cannotBeRevoked = (certificate) => certificate.extensions.has(NO_REVOCATION);

/** Whether a list is the issuer's and tells of this certificate; of one that had ended it need not tell any more. */
function speaks(list, { certificate, issuer }) {
  return holds(() => requireMadeBy(list, issuer)) && covers(list, certificate) && list.madeAt <= certificate.notAfter;
}

/** Each certificate of a chain with its issuer; the root has none. */
const pairsOf = ({ chain }) => chain.slice(0, -1).map((certificate, at) => ({ certificate, issuer: chain[at + 1] }));
const pairKey = ({ certificate, issuer }) => `${certificate.fingerprint} ${issuer.fingerprint}`;

/** Whether a list tells of a certificate of these chains. */
export const tellsOf = (list, uses) => uses.some((use) => pairsOf(use).some((pair) => speaks(list, pair)));

/** Check that no certificate of a chain was revoked when it was relied on.
 *
 * @param uses Chains that were relied on: `chain`, `at` in microseconds, and `isStamp` where it is of a time-stamp unit.
 * @param beside Other certificates of the bundle: who trusts a certificate below a root follows no chain up to it.
 * @param archivedAt When the archive was stamped, which covers the lists.
 * @returns The names of those of which no list speaks, and that do not say that none ever will.
 */
export function requireUnrevoked(lists, uses, { beside, archivedAt }) {
  const pairs = new Map(uses.flatMap(pairsOf).map((pair) => [pairKey(pair), pair]));
  const toldOf = [...pairs.values(), ...issuedAmong(distinct([...beside, ...uses.flatMap(({ chain }) => chain)]))];
  for (const list of lists) {
    // (1) each has a use
    if (!toldOf.some((pair) => speaks(list, pair))) refuse("certificate.list_strange", { where: list.where });
    // (2) before it was archived
    if (list.madeAt > archivedAt + MAX_SKEW) {
      refuse("certificate.list_later", { where: list.where, gen_time: formatTime(archivedAt), found: formatTime(list.madeAt) });
    }
  }
  const newest = new Map([...pairs].map(([key, pair]) => [key, newestOf(lists, pair)]));
  const undecided = uses.flatMap((use) => leftOpen(use, newest));
  if (undecided.length) throw undecided[0];
  const without = [...pairs].filter(([key, { certificate }]) => !newest.get(key) && !cannotBeRevoked(certificate));
  return [...new Set(without.map(([, { certificate }]) => certificate.name))].sort();
}

function issuedAmong(known) {
  return known.flatMap((certificate) => known.filter((issuer) => issuer !== certificate && holds(() => requireIssued(certificate, issuer))).map((issuer) => ({ certificate, issuer })));
}

function newestOf(lists, pair) {
  const speaking = lists.filter((list) => speaks(list, pair));
  return speaking.reduce((newest, list) => (newest && newest.madeAt >= list.madeAt ? newest : list), null);
}

/** What a use leaves undecided; what is wrong is refused. */
function leftOpen(use, newest) {
  return pairsOf(use).flatMap((pair, place) => {
    const list = newest.get(pairKey(pair));
    if (!list) return [];
    const revoked = list.entries.get(pair.certificate.serial);
    const facts = { where: pair.certificate.name, expected: formatTime(use.at), reason: revoked?.reason ?? "-", isStamp: use.isStamp };
    // (3) listed
    if (revoked && revoked.since <= use.at) refuse("certificate.revoked", { ...facts, found: formatTime(revoked.since) });
    if (revoked && use.isStamp && place === 0 && !RETIRED.includes(revoked.reason)) {
      return [new Undecided("undecided.revoked_later", { ...facts, found: formatTime(revoked.since) })];
    }
    // (4) or not any more
    if (!revoked && list.endsAt < use.at) return [new Undecided("undecided.list_ended", { ...facts, where: list.where, found: formatTime(list.endsAt) })];
    return [];
  });
}
