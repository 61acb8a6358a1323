// Certificates (RFC 5280, 4) by what they say, and chains (section 6) to a root that came from outside the file.
// evidence/stamp/certificate.py and chain.py have the same rules. What was revoked, revocation.js says.
import { base64, hex, isSame, latin1, fromBase64, sha256Hex } from "./bytes.js";
import { readAlgorithm, verifySignature } from "./algorithms.js";
import { bitsOf, BITS, BOOLEAN, booleanOf, context, every, Fields, inside, INTEGER, integerOf, malformed, momentOf, OCTETS, octetsOf, OID, oidOf, readDer, SEQUENCE } from "./der.js";
import { canonical, commonName, constraintsOf, generalName, isOneName, namesOf, nameText, requirePermitted } from "./names.js";
import { refuse, Refused, refusedAs } from "./refuse.js";
import { tables } from "./tables.js";
import { formatTime } from "./times.js";

export const MAX_CERTIFICATES = 64;
const MAX_PATH = 8;
const BASIC_CONSTRAINTS = "2.5.29.19", KEY_USAGE = "2.5.29.15", PURPOSES = "2.5.29.37", NAME_CONSTRAINTS = "2.5.29.30";
const ALTERNATIVES = "2.5.29.17", KEY_IDENTIFIER = "2.5.29.14", AUTHORITY_KEY = "2.5.29.35";
const USAGES = ["digital_signature", "non_repudiation", "key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"];
const KNOWN = new Set(tables.knownExtensions);

/** A certificate as plain values; nothing of it is trusted yet. */
class Certificate {
  constructor(values) {
    Object.assign(this, values);
  }

  /** Lower hex SHA-256, by which people compare it, and by which two are one. */
  get fingerprint() {
    return (this.known ??= sha256Hex(this.der));
  }

  get name() {
    return (this.called ??= commonName(this.subject) ?? nameText(this.subject));
  }

  get issuerText() {
    return nameText(this.issuer);
  }

  get subjectName() {
    return (this.asSubject ??= canonical(this.subject));
  }

  get issuerName() {
    return (this.asIssuer ??= canonical(this.issuer));
  }

  get isSelfIssued() {
    return isOneName(this.subjectName, this.issuerName);
  }

  /** basicConstraints; null where there are none. */
  get constraints() {
    return this.value(BASIC_CONSTRAINTS, (element) => {
      const fields = new Fields(element);
      const isAuthority = booleanOf(fields.maybe(BOOLEAN));
      const length = fields.maybe(INTEGER);
      fields.end();
      return { isAuthority, pathLength: length ? integerOf(length) : null };
    });
  }

  /** What the key may do; null where no key usage says so. */
  get usages() {
    return this.value(KEY_USAGE, (element) => {
      if (element.tag !== BITS || element.contents[0] > 7) malformed();
      const bits = element.contents.subarray(1);
      return new Set(USAGES.filter((_, at) => (bits[at >> 3] ?? 0) & (0x80 >> (at & 7))));
    });
  }

  get purposes() {
    return this.value(PURPOSES, (element) => every(element, SEQUENCE, OID).map(oidOf));
  }

  get arePurposesCritical() {
    return this.extensions.get(PURPOSES)?.isCritical ?? false;
  }

  get alternatives() {
    return this.value(ALTERNATIVES, (element) => every(element, SEQUENCE).map(generalName)) ?? [];
  }

  get nameConstraints() {
    return this.value(NAME_CONSTRAINTS, constraintsOf);
  }

  get keyIdentifier() {
    return this.value(KEY_IDENTIFIER, octetsOf);
  }

  /** Whether the authority key identifier, as far as there is one, is of `other` (RFC 5280, 4.2.1.1). */
  mayBeIssuedBy(other) {
    const own = this.value(AUTHORITY_KEY, (element) => {
      const fields = new Fields(element);
      const found = { key: fields.maybe(context(0)), names: fields.maybe(inside(1)), serial: fields.maybe(context(2)) };
      fields.end();
      return found;
    });
    if (own === null) return true;
    const isOtherKey = own.key && other.keyIdentifier !== null && !isSame(other.keyIdentifier, own.key.contents);
    return !isOtherKey && (!own.serial || integerOf(own.serial, context(2)) === other.serial);
  }

  value(oid, read) {
    const there = this.extensions.get(oid);
    if (!there) return null;
    return refusedAs("certificate.extensions_malformed", { where: this.name }, () => read(readDer(there.value)));
  }
}

/** Read one certificate. */
export function parseCertificate(der) {
  const whole = new Fields(readDer(der));
  const [tbs, algorithm, signature] = [whole.take(SEQUENCE), whole.take(SEQUENCE), whole.take(BITS)];
  whole.end();
  const fields = new Fields(tbs);
  fields.maybe(inside(0));
  const serial = integerOf(fields.take(INTEGER));
  const own = fields.take(SEQUENCE);
  if (!isSame(own.der, algorithm.der)) refuse("signed_data.two_signature_algorithms");
  if (serial <= 0n) refuse("signed_data.serial_not_positive");
  const [issuer, validity, subject, key] = [fields.take(SEQUENCE), fields.take(SEQUENCE), fields.take(SEQUENCE), fields.take(SEQUENCE)];
  [1, 2].forEach((number) => fields.maybe(context(number), inside(number)));
  const extensions = fields.maybe(inside(3));
  fields.end();
  const [notBefore, notAfter] = every(validity, SEQUENCE).map(momentOf);
  const read = new Certificate({ der, subject, issuer, serial, notBefore, notAfter: notAfter ?? malformed(), key, tbs, algorithm, signature: bitsOf(signature) });
  canonical(issuer);
  const listed = extensions ? every(extensions.only, SEQUENCE, SEQUENCE).map(extensionOf) : [];
  read.extensions = new Map(listed);
  if (read.extensions.size !== listed.length) refuse("certificate.extensions_malformed", { where: read.name });
  return read.name === null ? malformed() : read;
}

/** An extension: its name, and what is in it. */
export function extensionOf(element) {
  const fields = new Fields(element);
  const oid = oidOf(fields.take(OID));
  const isCritical = booleanOf(fields.maybe(BOOLEAN));
  const value = octetsOf(fields.take(OCTETS));
  fields.end();
  return [oid, { isCritical, value }];
}

/** Every certificate in a PEM file, or the one that a DER file is. */
export function readCertificates(bytes) {
  if (bytes[0] === SEQUENCE) return [parseCertificate(bytes)];
  const blocks = [...latin1(bytes).matchAll(/-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/g)];
  if (!blocks.length) refuse("signed_data.not_pem");
  return blocks.map(([, body]) => parseCertificate(fromBase64(body.replace(/\s/g, "")) ?? refuse("signed_data.not_pem")));
}

/** The one PEM file of a certificate (RFC 7468). */
export function encodePem(certificate) {
  const lines = base64(certificate.der).match(/.{1,64}/g);
  return `${["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n")}`;
}

export const isIn = (certificate, those) => those.some((one) => one.fingerprint === certificate.fingerprint);

/** Each of these certificates once. */
export const distinct = (those) => [...new Map(those.map((one) => [one.fingerprint, one])).values()];

/** The shortest chain from a certificate to one of `roots`, valid throughout at a time in microseconds. */
export function chainToRoot({ certificate, others, roots, at }) {
  if (others.length > MAX_CERTIFICATES) refuse("certificate.too_many_certificates", { limit: MAX_CERTIFICATES, found: others.length });
  requireUsable(certificate, at);
  const candidates = [...roots, ...others];
  const seen = [certificate];
  const paths = [[certificate]];
  let nearest = null;
  while (paths.length) {
    const path = paths.shift();
    if (isIn(path.at(-1), roots)) return path;
    for (const issuer of candidates) {
      if (isIn(issuer, seen) || path.length === MAX_PATH || !namesIssuer(path.at(-1), issuer)) continue;
      try {
        requireIssuer(issuer, path, at);
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        nearest ??= error;
        continue;
      }
      seen.push(issuer);
      paths.push([...path, issuer]);
    }
  }
  throw nearest ?? new Refused("certificate.no_trusted_root", { where: certificate.name, issuer: certificate.issuerText });
}

/** Check that `by` signed `issued`, with an algorithm of the list. */
export function requireIssued(issued, by) {
  if (!namesIssuer(issued, by)) refuse("certificate.not_signed_by_issuer", { where: issued.name, expected: by.name });
  const algorithm = refusedAs("certificate.algorithm_not_accepted", { where: issued.name }, () => readAlgorithm(issued.algorithm));
  const facts = { where: issued.name, expected: by.name };
  const isKnown = (issued.signers ??= new Map()).get(by.fingerprint);
  if (isKnown) return;
  refusedAs("certificate.not_signed_by_issuer", facts, () => verifySignature({ key: by.key, algorithm, signature: issued.signature, signed: issued.tbs.der }));
  issued.signers.set(by.fingerprint, true);
}

function namesIssuer(issued, issuer) {
  return isOneName(issuer.subjectName, issued.issuerName) && issued.mayBeIssuedBy(issuer);
}

function requireIssuer(issuer, path, at) {
  requireIssued(path.at(-1), issuer);
  requireUsable(issuer, at);
  requireAuthority(issuer, path);
  const constraints = issuer.nameConstraints;
  if (!constraints) return;
  // RFC 5280, 6.1.3 (b): an authority that an issuer issued to itself is not looked at
  const named = [path[0], ...path.slice(1).filter((one) => !one.isSelfIssued)];
  for (const one of named) requirePermitted(namesOf(one.subject, one.alternatives), constraints, { where: one.name, by: issuer.name });
}

/** Valid at that time, and nothing critical in it that this program does not understand. */
function requireUsable(certificate, at) {
  if (at < certificate.notBefore || at > certificate.notAfter) {
    const day = (moment) => formatTime(moment).slice(0, 10);
    refuse("certificate.not_valid_then", {
      where: certificate.name, not_valid_before_utc: day(certificate.notBefore), not_valid_after_utc: day(certificate.notAfter), found: formatTime(at),
    });
  }
  for (const [oid, { isCritical }] of certificate.extensions) {
    if (isCritical && !KNOWN.has(oid)) refuse("certificate.unknown_critical_extension", { where: certificate.name, found: oid });
  }
}

function requireAuthority(issuer, path) {
  const { constraints, usages } = issuer;
  if (!constraints || !usages) refuse("certificate.no_basic_constraints", { where: issuer.name });
  if (!constraints.isAuthority || !usages.has("key_cert_sign")) refuse("certificate.no_authority", { where: issuer.name });
  // RFC 5280, 4.2.1.9: intermediates below, not counting those that an issuer issued to itself
  const below = path.slice(1).filter((one) => !one.isSelfIssued).length;
  if (constraints.pathLength !== null && BigInt(below) > constraints.pathLength) {
    refuse("certificate.chain_too_long", { where: issuer.name, expected: String(constraints.pathLength), found: String(below) });
  }
}

export const keyOf = (certificate) => hex(certificate.key.der);
