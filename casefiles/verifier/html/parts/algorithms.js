// The one list of signature algorithms (evidence/stamp/algorithms.py) and the mathematics of each.
//
// RSA is verified here by modular power: what was signed is encoded again and compared as a whole (RFC 8017, 8.1.2
// and 8.2.2), and nothing is secret. Curves and hashes are noble's. No browser's own cryptography is asked:
// it knows no Brainpool curve, no key that is for PSS alone, Ed25519 only of late, and nothing on some pages from a disk.
import { isSame, joined } from "./bytes.js";
import { bitsOf, Fields, inside, integerOf, malformed, NULL, OID, oidOf, readDer, unsigned } from "./der.js";
import { refuse, refusedAs } from "./refuse.js";

const MIN_RSA_BITS = 2048;
const MAX_SALT_BYTES = 64;
export const DIGESTS = {
  "2.16.840.1.101.3.4.2.1": "sha256",
  "2.16.840.1.101.3.4.2.2": "sha384",
  "2.16.840.1.101.3.4.2.3": "sha512",
};
const OIDS = Object.fromEntries(Object.entries(DIGESTS).map(([oid, name]) => [name, oid]));
const RSA = "1.2.840.113549.1.1.1";
const RSA_PSS = "1.2.840.113549.1.1.10";
const MGF1 = "1.2.840.113549.1.1.8";
const EC = "1.2.840.10045.2.1";
const ED25519 = "1.3.101.112";
const RSA_WITH = { "1.2.840.113549.1.1.11": "sha256", "1.2.840.113549.1.1.12": "sha384", "1.2.840.113549.1.1.13": "sha512" };
const ECDSA_WITH = { "1.2.840.10045.4.3.2": "sha256", "1.2.840.10045.4.3.3": "sha384", "1.2.840.10045.4.3.4": "sha512" };
const CURVES = {
  "1.2.840.10045.3.1.7": "p256",
  "1.3.132.0.34": "p384",
  "1.3.132.0.35": "p521",
  "1.3.132.0.10": "secp256k1",
  "1.3.36.3.3.2.8.1.1.7": "brainpoolP256r1",
  "1.3.36.3.3.2.8.1.1.11": "brainpoolP384r1",
  "1.3.36.3.3.2.8.1.1.13": "brainpoolP512r1",
};

export const digestOf = (name, bytes) => bundled[name](bytes);

/** An AlgorithmIdentifier's name and parameters. */
export function identifierOf(element) {
  const fields = new Fields(element);
  const oid = oidOf(fields.take(OID));
  const parameters = fields.at < fields.parts.length ? fields.take() : null;
  fields.end();
  return { oid, parameters };
}

/** The name of an algorithm that takes no parameters. */
export function plainOid(element) {
  const { oid, parameters } = identifierOf(element);
  if (parameters && parameters.tag !== NULL) refuse("signed_data.parameters_not_taken");
  return oid;
}

/** Read an AlgorithmIdentifier: its name, the name of its digest and, for PSS, the salt's length. */
export function readAlgorithm(element, digestOid = null) {
  const { oid, parameters } = identifierOf(element);
  if (oid === RSA_PSS) return readPss(parameters, digestOid);
  plainOid(element);
  const named = RSA_WITH[oid] ?? ECDSA_WITH[oid] ?? (oid === ED25519 ? "sha512" : null);
  const own = oid === RSA ? digestOid : OIDS[named] ?? null;
  if (digestOid === null && own === null) refuse("signed_data.algorithm_not_accepted", { found: oid });
  if (!DIGESTS[own] || ![null, own].includes(digestOid)) refuse("signed_data.algorithm_and_key_do_not_fit", { oid, digest: DIGESTS[digestOid] ?? digestOid });
  return { oid, digestOid: own, digest: DIGESTS[own], saltBytes: null };
}

/** RSASSA-PSS (RFC 4055, 3.1), whose every digest must be the signer's. */
function readPss(parameters, digestOid) {
  if (!parameters) refuse("signed_data.pss_without_parameters");
  const fields = new Fields(parameters);
  const [hash, generator, salt, trailer] = [0, 1, 2, 3].map((number) => fields.maybe(inside(number))?.only ?? null);
  fields.end();
  const own = hash ? plainOid(hash) : null;
  const mask = generator ? identifierOf(generator) : { oid: null };
  const saltBytes = salt ? Number(integerOf(salt)) : 20;
  const isTaken = DIGESTS[own] && [null, own].includes(digestOid) && mask.oid === MGF1 && mask.parameters && plainOid(mask.parameters) === own
    && (!trailer || integerOf(trailer) === 1n) && saltBytes >= 0 && saltBytes <= MAX_SALT_BYTES;
  if (!isTaken) refuse("signed_data.pss_parameters_not_accepted", { digest_oid: digestOid ?? own });
  return { oid: RSA_PSS, digestOid: own, digest: DIGESTS[own], saltBytes };
}

/** Check one signature under the key of a SubjectPublicKeyInfo, over what was signed and not its digest. */
export function verifySignature({ key, algorithm, signature, signed }) {
  const check = schemeOf(key, algorithm);
  let isGood = false;
  try {
    isGood = check(signature, signed);
  } catch {
    // noble raises for what is no signature or no point
  }
  if (!isGood) refuse("signed_data.wrong_signature");
}

function schemeOf(key, { oid, digest, saltBytes }) {
  const { identifier, bits } = refusedAs("signed_data.signer_key_unreadable", {}, () => {
    const fields = new Fields(key);
    const found = { identifier: identifierOf(fields.take()), bits: bitsOf(fields.take()) };
    fields.end();
    return found;
  });
  const misfit = () => refuse("signed_data.algorithm_and_key_do_not_fit", { oid, digest });
  if (identifier.oid === RSA || identifier.oid === RSA_PSS) {
    const rsa = refusedAs("signed_data.signer_key_unreadable", {}, () => rsaKey(bits));
    if (rsa.bits < MIN_RSA_BITS || !isAllowed(identifier, { digest, saltBytes })) misfit();
    if (saltBytes !== null) return (signature, signed) => isPss(rsa, { digest, saltBytes, signature, signed });
    return oid === RSA || RSA_WITH[oid] ? (signature, signed) => isPkcs1(rsa, { digest, signature, signed }) : misfit();
  }
  if (identifier.oid === EC && ECDSA_WITH[oid]) {
    const curve = identifier.parameters?.tag === OID && CURVES[oidOf(identifier.parameters)];
    if (!curve) misfit();
    return (signature, signed) => bundled[curve].verify(signature, digestOf(digest, signed), bits, { prehash: false, format: "der", lowS: false });
  }
  if (identifier.oid === ED25519 && oid === ED25519) return (signature, signed) => bundled.ed25519.verify(signature, signed, bits, { zip215: false });
  return misfit();
}

/** Whether an RSA key that is for PSS alone (RFC 4055, 1.2) may make such a signature. */
function isAllowed({ oid, parameters }, { digest, saltBytes }) {
  if (oid !== RSA_PSS) return true;
  if (!parameters) return saltBytes !== null;
  const least = readPss(parameters, OIDS[digest]);
  return saltBytes !== null && saltBytes >= least.saltBytes;
}

function rsaKey(bits) {
  const fields = new Fields(readDer(bits));
  const [modulus, exponent] = [integerOf(fields.take()), integerOf(fields.take())];
  fields.end();
  // an exponent of more than 64 bits is nobody's, and would take minutes
  if (modulus <= 0n || exponent < 3n || exponent >> 64n || !(exponent & 1n)) malformed();
  return { modulus, exponent, bits: modulus.toString(2).length };
}

/** The message that a signature is of, in as many bytes as the modulus has; null where it is none. */
function recovered({ modulus, exponent, bits }, signature) {
  const length = Math.ceil(bits / 8);
  const value = unsigned(signature);
  if (signature.length !== length || value >= modulus) return null;
  let [result, power] = [1n, value];
  for (let left = exponent; left; left >>= 1n) {
    if (left & 1n) result = (result * power) % modulus;
    power = (power * power) % modulus;
  }
  return bytesOf(result, length);
}

function bytesOf(value, length) {
  const text = value.toString(16).padStart(length * 2, "0");
  return Uint8Array.from({ length }, (_, at) => Number.parseInt(text.slice(at * 2, at * 2 + 2), 16));
}

/** RSASSA-PKCS1-v1_5 (RFC 8017, 8.2.2): compared with the one encoding of the digest. */
function isPkcs1(key, { digest, signature, signed }) {
  const found = recovered(key, signature);
  const oid = { sha256: 1, sha384: 2, sha512: 3 }[digest];
  const hashed = digestOf(digest, signed);
  const info = Uint8Array.of(0x30, 17 + hashed.length, 0x30, 13, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, oid, 5, 0, 4, hashed.length, ...hashed);
  const filling = new Uint8Array(Math.max(0, Math.ceil(key.bits / 8) - info.length - 3)).fill(0xff);
  return found !== null && isSame(found, joined(Uint8Array.of(0, 1), filling, Uint8Array.of(0), info));
}

/** RSASSA-PSS (RFC 8017, 9.1.2). */
function isPss(key, { digest, saltBytes, signature, signed }) {
  const found = recovered(key, signature);
  if (found === null) return false;
  const bits = key.bits - 1;
  const encoded = found.subarray(found.length - Math.ceil(bits / 8));
  if (encoded.length < found.length && found[0] !== 0) return false;
  const hashed = digestOf(digest, signed);
  const at = encoded.length - hashed.length - 1;
  if (at < saltBytes + 1 || encoded[encoded.length - 1] !== 0xbc) return false;
  const unused = 8 * encoded.length - bits;
  if (encoded[0] >> (8 - unused)) return false;
  const check = encoded.subarray(at, at + hashed.length);
  const mask = maskOf(digest, check, at);
  const block = encoded.subarray(0, at).map((byte, place) => byte ^ mask[place]);
  block[0] &= 0xff >> unused;
  const ones = block.length - saltBytes - 1;
  if (block.subarray(0, ones).some(Boolean) || block[ones] !== 1) return false;
  return isSame(digestOf(digest, joined(new Uint8Array(8), hashed, block.subarray(ones + 1))), check);
}

/** MGF1 (RFC 8017, B.2.1). */
function maskOf(digest, seed, length) {
  let mask = new Uint8Array();
  for (let count = 0; mask.length < length; count++) mask = joined(mask, digestOf(digest, joined(seed, Uint8Array.of(0, 0, 0, count))));
  return mask.subarray(0, length);
}
