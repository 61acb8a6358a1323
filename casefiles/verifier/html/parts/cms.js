// CMS signatures (RFC 5652), as time stamps and seals use them. evidence/stamp/cms.py has the same rules and numbers.
import { DIGESTS, digestOf, identifierOf, plainOid, readAlgorithm, verifySignature } from "./algorithms.js";
import { hex, isSame } from "./bytes.js";
import { isIn, MAX_CERTIFICATES, parseCertificate } from "./certificate.js";
import { context, every, Fields, inside, INTEGER, integerOf, malformed, momentOf, OCTETS, octetsOf, OID, oidOf, readDer, SEQUENCE, SET } from "./der.js";
import { refuse, refusedAs } from "./refuse.js";

const ID_DATA = "1.2.840.113549.1.7.1";
const ID_SIGNED_DATA = "1.2.840.113549.1.7.2";
export const ID_TST_INFO = "1.2.840.113549.1.9.16.1.4";
const CONTENT_TYPE = "1.2.840.113549.1.9.3";
const MESSAGE_DIGEST = "1.2.840.113549.1.9.4";
const SIGNING_TIME = "1.2.840.113549.1.9.5";
const SIGNING_CERTIFICATE = "1.2.840.113549.1.9.16.2.12";
const SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47";
const SIGNATURE_TIME_STAMP = "1.2.840.113549.1.9.16.2.14";
const ALGORITHM_PROTECTION = "1.2.840.113549.1.9.52";
const SHA256 = "2.16.840.1.101.3.4.2.1";
const MAX_LISTS = 64;
export const OTHER_REVOCATION = inside(1);

/** Check a CMS signature with signed attributes; say whose key made it. `content` is null where it lies inside. */
export function verifySignedData(bytes, content) {
  // (1) the outline, then the structure
  const parsed = parse(bytes);
  const { signer } = parsed;
  const signed = signedContent(parsed, content);
  // (2) what nothing signs must at least agree
  requireVersions(parsed);
  if (parsed.digestOids.join() !== signer.digestOid) refuse("signed_data.another_digest", { expected: signer.digestOid });
  // (3) what is signed is this content
  if (parsed.contentType !== signer.contentType) refuse("signed_data.not_of_the_content", { what: "contentType" });
  if (!isSame(digestOf(signer.algorithm.digest, signed), signer.messageDigest)) refuse("signed_data.not_of_the_content", { what: "messageDigest" });
  // (4) by the holder of this certificate
  const certificate = signerCertificate(parsed.certificates, signer);
  if (signer.isProtected && signer.isProtected.join() !== [signer.digestOid, signer.algorithm.oid].join()) {
    refuse("signed_data.protection_names_others", { found: signer.isProtected.join(", ") });
  }
  // (5) with this key
  verifySignature({ key: certificate.key, algorithm: signer.algorithm, signature: signer.signature, signed: signer.attributes });
  return {
    certificate,
    others: parsed.certificates.filter((other) => !isIn(other, [certificate])),
    allCertificates: parsed.certificates,
    revocations: parsed.revocations,
    hasUnsigned: signer.hasUnsigned,
    signature: signer.signature,
    tokens: signer.tokens,
    contentType: parsed.contentType,
    content: signed,
  };
}

/** The certificates that lie in a signature, of which nothing is checked. */
export const carriedCertificates = (bytes) => parse(bytes).certificates;

function parse(bytes) {
  const info = new Fields(readDer(bytes));
  const type = oidOf(info.take(OID));
  if (type !== ID_SIGNED_DATA) refuse("signed_data.not_signed_data", { expected: ID_SIGNED_DATA, found: type });
  const data = new Fields(info.take(inside(0)).only);
  info.end();
  const version = integerOf(data.take(INTEGER));
  const digestOids = every(data.take(SET), SET).map(plainOid);
  const encapsulated = new Fields(data.take(SEQUENCE));
  const contentType = oidOf(encapsulated.take(OID));
  const content = encapsulated.maybe(inside(0));
  encapsulated.end();
  const [certificates, revocations] = [data.maybe(inside(0)), data.maybe(inside(1))];
  const signers = every(data.take(SET), SET);
  data.end();
  return {
    version,
    digestOids,
    contentType,
    content: content ? octetsOf(content.only) : null,
    certificates: certificatesOf(certificates),
    revocations: revocationsOf(revocations),
    signer: signerOf(only(signers, "signerInfo")),
  };
}

function certificatesOf(element) {
  const parts = element?.parts ?? [];
  if (parts.length > MAX_CERTIFICATES) refuse("signed_data.too_many_certificates", { limit: MAX_CERTIFICATES, found: parts.length });
  if (parts.some((part) => part.tag !== SEQUENCE)) refuse("signed_data.not_certificates");
  return parts.map((part) => refusedAs("signed_data.certificate_malformed", {}, () => parseCertificate(part.der.slice())));
}

function signerOf(element) {
  const fields = new Fields(element);
  const version = integerOf(fields.take(INTEGER));
  const identifier = fields.take(SEQUENCE, context(0));
  const digestOid = plainOid(fields.take(SEQUENCE));
  if (!DIGESTS[digestOid]) refuse("signed_data.digest_not_accepted", { found: digestOid });
  const signedAttributes = fields.maybe(inside(0)) ?? refuse("signed_data.no_signed_attributes");
  const attributes = byType(signedAttributes);
  const algorithm = readAlgorithm(fields.take(SEQUENCE), digestOid);
  const signature = octetsOf(fields.take(OCTETS));
  const unsigned = fields.maybe(inside(1));
  fields.end();
  const contentType = oidOf(only(required(attributes, CONTENT_TYPE), "contentType"));
  const messageDigest = octetsOf(only(required(attributes, MESSAGE_DIGEST), "messageDigest"));
  if (attributes.has(SIGNING_TIME)) momentOf(only(attributes.get(SIGNING_TIME), "signingTime"));
  // the signature covers a SET OF, not the [0] of the file (5.4), in the order received
  const attributeBytes = signedAttributes.der.slice();
  attributeBytes[0] = SET;
  return {
    version, digestOid, algorithm, contentType, messageDigest, signature, attributes: attributeBytes,
    ...signerIdentifier(identifier),
    certificateIds: certificateIds(attributes),
    isProtected: protection(attributes),
    hasUnsigned: unsigned !== null,
    tokens: (unsigned?.parts ?? []).map(attributeOf).filter(([type]) => type === SIGNATURE_TIME_STAMP).flatMap(([, values]) => values.map((value) => value.der)),
  };
}

/** Revocation data as they lie: lists, and what is of another kind; null where there are none. */
function revocationsOf(element) {
  if (!element) return null;
  const { parts } = element;
  if (parts.length > MAX_LISTS) refuse("signed_data.too_many_lists", { limit: MAX_LISTS, found: parts.length });
  if (parts.some(({ tag }) => ![SEQUENCE, OTHER_REVOCATION].includes(tag))) malformed();
  return parts;
}

function only(values, what) {
  return values.length === 1 ? values[0] : refuse("signed_data.not_one", { what, found: values.length });
}

function attributeOf(element) {
  const fields = new Fields(element);
  const [type, values] = [oidOf(fields.take(OID)), every(fields.take(SET), SET)];
  fields.end();
  return [type, values];
}

/** Attribute values by type, each type once (RFC 5652, 5.3). */
function byType(attributes) {
  const listed = attributes.parts.map(attributeOf);
  const values = new Map(listed);
  if (values.size !== listed.length) refuse("signed_data.attribute_doubled");
  return values;
}

const required = (attributes, oid) => attributes.get(oid) ?? refuse("signed_data.attribute_missing", { expected: oid });

function signerIdentifier(element) {
  if (element.tag === context(0)) return { keyIdentifier: element.contents, issuer: null, serial: null };
  const fields = new Fields(element);
  const [issuer, serial] = [fields.take(SEQUENCE).der, integerOf(fields.take(INTEGER))];
  fields.end();
  return { keyIdentifier: null, issuer, serial };
}

/** The first identifier of each signing certificate attribute: the signer's own (RFC 5035, 5.4.1). */
function certificateIds(attributes) {
  const found = [[SIGNING_CERTIFICATE_V2, true], [SIGNING_CERTIFICATE, false]].filter(([oid]) => attributes.has(oid)).map(([oid, isSecond]) => {
    const fields = new Fields(only(attributes.get(oid), "signingCertificate"));
    const [first] = every(fields.take(SEQUENCE), SEQUENCE);
    fields.maybe(SEQUENCE);
    fields.end();
    return certificateId(first ?? refuse("signed_data.malformed"), isSecond);
  });
  return found.length ? found : refuse("signed_data.signing_certificate_missing");
}

function certificateId(element, isSecond) {
  const fields = new Fields(element);
  const named = isSecond ? fields.maybe(SEQUENCE) : null;
  const digestOid = named ? plainOid(named) : SHA256;
  if (isSecond && !DIGESTS[digestOid]) refuse("signed_data.certificate_digest_not_accepted", { found: digestOid });
  const digest = octetsOf(fields.take(OCTETS));
  const issuerSerial = fields.maybe(SEQUENCE);
  fields.end();
  // RFC 2634 fixed SHA-1 for the first form; its weakness is collisions, and forging this needs a second preimage
  const algorithm = isSecond ? DIGESTS[digestOid] : "sha1";
  if (!issuerSerial) return { algorithm, digest, issuer: null, serial: null };
  const inner = new Fields(issuerSerial);
  const issuer = only(every(inner.take(SEQUENCE), SEQUENCE), "issuerSerial.issuer");
  if (issuer.tag !== inside(4)) refuse("signed_data.issuer_no_name", { found: String(issuer.tag & 0x1f) });
  const serial = integerOf(inner.take(INTEGER));
  inner.end();
  return { algorithm, digest, issuer: issuer.only.der, serial };
}

/** What cmsAlgorithmProtection names (RFC 6211); null where it is not there. */
function protection(attributes) {
  if (!attributes.has(ALGORITHM_PROTECTION)) return null;
  const fields = new Fields(only(attributes.get(ALGORITHM_PROTECTION), "cmsAlgorithmProtection"));
  const digest = identifierOf(fields.take(SEQUENCE)).oid;
  const signature = fields.maybe(inside(1)) ?? refuse("signed_data.protection_names_none");
  fields.maybe(inside(2));
  fields.end();
  return [digest, oidOf(signature.parts[0] ?? refuse("signed_data.malformed"))];
}

function signedContent(parsed, content) {
  if (content !== null && parsed.content !== null) refuse("signed_data.content_twice");
  if (![ID_DATA, ID_TST_INFO].includes(parsed.contentType)) refuse("signed_data.another_content_type", { found: parsed.contentType });
  return content ?? parsed.content ?? refuse("signed_data.content_missing");
}

/** RFC 5652, 5.1 and 5.3; attribute certificates were refused earlier. */
function requireVersions({ version, contentType, revocations, signer }) {
  const signerVersion = signer.keyIdentifier ? 3n : 1n;
  const isPlain = contentType === ID_DATA && signerVersion === 1n;
  const hasOther = revocations?.some((one) => one.tag === OTHER_REVOCATION) ?? false;
  const expected = hasOther ? 5n : isPlain ? 1n : 3n;
  if (version !== expected || signer.version !== signerVersion) {
    refuse("signed_data.versions_do_not_fit", { version: expected, signer_version: signerVersion, found: version, signer_found: signer.version });
  }
}

/** The certificate that every signing certificate attribute and the identifier name. */
function signerCertificate(certificates, signer) {
  if (!certificates.length) refuse("signed_data.no_certificate");
  const named = certificates.filter((one) => signer.certificateIds.every((identifier) => names(identifier, one)));
  if (new Set(named.map((one) => one.fingerprint)).size !== 1) refuse("signed_data.signing_certificate_not_inside");
  const [certificate] = named;
  const isIt = signer.keyIdentifier
    ? certificate.keyIdentifier !== null && isSame(certificate.keyIdentifier, signer.keyIdentifier)
    : isOf(certificate, signer.issuer, signer.serial);
  return isIt ? certificate : refuse("signed_data.signer_is_another");
}

function names({ algorithm, digest, issuer, serial }, certificate) {
  return isSame(digestOf(algorithm, certificate.der), digest) && (issuer === null || isOf(certificate, issuer, serial));
}

// byte for byte: no signature covers the signer identifier, and no byte of it may change unnoticed
const isOf = (certificate, issuer, serial) => hex(certificate.issuer.der) === hex(issuer) && certificate.serial === serial;
