// Time-stamp tokens (RFC 3161, with RFC 5816). evidence/stamp/token.py has the same rules.
import { plainOid } from "./algorithms.js";
import { hex, isSame, latin1 } from "./bytes.js";
import { ID_TST_INFO, verifySignedData } from "./cms.js";
import { BOOLEAN, booleanOf, context, Fields, inside, INTEGER, integerOf, OCTETS, octetsOf, OID, oidOf, readDer, secondsOf, SEQUENCE, TIME } from "./der.js";
import { canonical, DIRECTORY, generalName, isSameGeneral } from "./names.js";
import { refuse, Refused } from "./refuse.js";

const SHA_256 = "2.16.840.1.101.3.4.2.1";
const TIME_STAMPING = "1.3.6.1.5.5.7.3.8";
// RFC 3161, 2.4.2: UTC, seconds always there, a fraction without trailing zeros
const GEN_TIME = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:\.(\d{0,11}[1-9]))?Z$/;

/** Check that a token is a well-signed token over this digest; trust is a separate step. */
export function readToken(token, sha256) {
  try {
    // (1) the signature
    const facts = verifySignedData(token, null);
    if (facts.contentType !== ID_TST_INFO) refuse("token.not_a_token", { expected: ID_TST_INFO, found: facts.contentType });
    // (2) what it covers
    const fields = readInfo(facts.content);
    if (!isSame(fields.sha256, sha256)) refuse("token.of_other_data", { expected: hex(sha256), found: hex(fields.sha256) });
    // (3) whose it is
    requireTimeStamping(facts.certificate);
    // (4) and who it says made it
    requireOwnName(fields.tsa, facts.certificate);
    return { ...facts, genTime: fields.genTime, latest: fields.latest, office: facts.certificate.name };
  } catch (error) {
    if (!(error instanceof Refused) || error.code.startsWith("token.")) throw error;
    throw new Refused("token.signature_does_not_hold", { cause: error });
  }
}

function readInfo(content) {
  const fields = new Fields(readDer(content));
  const version = integerOf(fields.take(INTEGER));
  if (version !== 1n) refuse("token.unknown_version", { found: String(version) });
  oidOf(fields.take(OID));
  const imprint = new Fields(fields.take(SEQUENCE));
  if (plainOid(imprint.take(SEQUENCE)) !== SHA_256) refuse("token.imprint_not_sha256", { expected: SHA_256 });
  const sha256 = octetsOf(imprint.take(OCTETS));
  imprint.end();
  fields.take(INTEGER);
  const time = fields.take(TIME);
  const [accuracy, , , tsa, extensions] = [fields.maybe(SEQUENCE), fields.maybe(BOOLEAN), fields.maybe(INTEGER), fields.maybe(inside(0)), fields.maybe(inside(1))];
  fields.end();
  if (extensions?.parts.some(isCritical)) refuse("token.unknown_critical_extension");
  if (accuracy) requireAccuracy(accuracy);
  return { sha256, ...genTimeOf(time.contents), tsa: tsa ? generalName(tsa.only) : null };
}

function isCritical(extension) {
  const fields = new Fields(extension);
  fields.take(OID);
  return booleanOf(fields.maybe(BOOLEAN));
}

/** The time cut to microseconds, and rounded up to milliseconds. */
function genTimeOf(bytes) {
  const [, year, month, day, hour, minute, second, digits = ""] = GEN_TIME.exec(latin1(bytes)) ?? refuse("token.time_not_in_its_form");
  const whole = secondsOf(...[year, month, day, hour, minute, second].map(Number)) * 1_000_000n;
  const milliseconds = BigInt(digits.padEnd(3, "0").slice(0, 3)) + BigInt(digits.length > 3);
  const latest = whole + milliseconds * 1000n;
  if (latest >= secondsOf(9999, 12, 31, 23, 59, 59) * 1_000_000n + 1_000_000n) refuse("token.time_not_in_its_form");
  return { genTime: whole + BigInt(digits.padEnd(6, "0").slice(0, 6)), latest };
}

function requireAccuracy(element) {
  const fields = new Fields(element);
  const seconds = fields.maybe(INTEGER);
  const parts = [0, 1].map((number) => fields.maybe(context(number)));
  fields.end();
  const isOut = parts.some((part, number) => part && !isThousandths(integerOf(part, context(number))));
  if ((seconds && integerOf(seconds) < 0n) || isOut) refuse("token.accuracy_out_of_range");
}

const isThousandths = (value) => value >= 1n && value <= 999n;

function requireTimeStamping(certificate) {
  const { purposes, usages } = certificate;
  if (!purposes) refuse("token.certificate_not_for_stamping");
  if (!certificate.arePurposesCritical || purposes.join() !== TIME_STAMPING) refuse("token.certificate_not_for_stamping_alone");
  if (certificate.constraints?.isAuthority) refuse("token.certificate_of_an_authority");
  if (usages && !usages.has("digital_signature") && !usages.has("non_repudiation")) refuse("token.certificate_may_not_sign");
  if (usages && (usages.has("key_cert_sign") || usages.has("crl_sign"))) refuse("token.certificate_of_an_authority");
}

function requireOwnName(tsa, certificate) {
  const own = [{ kind: DIRECTORY, value: canonical(certificate.subject) }, ...certificate.alternatives];
  if (tsa && !own.some((one) => isSameGeneral(one, tsa))) refuse("token.of_another_office", { expected: certificate.name });
}
