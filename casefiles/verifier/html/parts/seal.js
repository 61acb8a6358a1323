// The organisation's seal: CAdES (ETSI EN 319 122-1), and where it and the stamps lead. casefiles/verifier/cades.py has the same rules.
import { sha256 } from "./bytes.js";
import { chainToRoot, distinct, isIn, keyOf, MAX_CERTIFICATES, requireIssued } from "./certificate.js";
import { verifySignedData } from "./cms.js";
import { SEQUENCE } from "./der.js";
import { holds, refuse, Refused } from "./refuse.js";
import { tables } from "./tables.js";
import { readToken } from "./token.js";

const DOCUMENT_KINDS = new Set(tables.documentKinds);

/** Check the signature over the seal's list: whose it is, and its time stamp's bytes. */
export function readSeal(signature, manifest) {
  const signer = verifySignedData(signature, manifest);
  if (signer.tokens.length !== 1) refuse("bundle_seal.not_one_time_stamp", { found: signer.tokens.length });
  requireMaySeal(signer.certificate);
  return signer;
}

/** The seal's time stamp: a token over the signature's value (EN 319 122-1, 5.3). */
export const readSealStamp = (seal) => readToken(seal.tokens[0], sha256(seal.signature));

function requireMaySeal(certificate) {
  if (certificate.constraints?.isAuthority) refuse("bundle_seal.by_an_authority");
  const odd = (certificate.purposes ?? []).filter((purpose) => !DOCUMENT_KINDS.has(purpose)).sort();
  if (odd.length) refuse("bundle_seal.not_for_documents_alone", { found: odd.join(", ") });
  if (!certificate.usages) refuse("bundle_seal.no_key_usage");
  // contentCommitment, by its older name
  if (!certificate.usages.has("non_repudiation")) refuse("bundle_seal.no_content_commitment");
}

/** The chain to each root that there is one to. */
function pathsTo({ certificate, others, roots, at }) {
  const hints = [...others, ...roots.filter((root) => !root.isSelfIssued)];
  // not to be taken for "leads nowhere": padding must not hide a root
  if (hints.length > MAX_CERTIFICATES) refuse("certificate.too_many_certificates", { limit: MAX_CERTIFICATES, found: hints.length });
  return roots.flatMap((root) => {
    try {
      return [chainToRoot({ certificate, others: hints, roots: [root], at })];
    } catch (error) {
      if (error instanceof Refused) return [];
      throw error;
    }
  });
}

/** The key of every given root that a certificate led to at that time. */
export const rootKeys = (from) => new Set(pathsTo(from).map((path) => keyOf(path.at(-1))));

/** The given roots that a certificate leads to or across. */
export const onTheWay = (from) => distinct(pathsTo(from).flat().filter((one) => isIn(one, from.roots)));

/** Check that an archive's token, which no list can name yet, carries nothing that nobody signed but, if renewed, revocation lists. */
export function requireNothingBeside(info, { isRenewed = false } = {}) {
  const isOdd = isRenewed ? info.revocations?.some((one) => one.tag !== SEQUENCE) : info.revocations !== null;
  if (info.hasUnsigned || isOdd) refuse("token.unsigned_addition");
  const path = [info.certificate];
  let waiting = distinct(info.others);
  for (const issued of path) {
    const issuers = waiting.filter((one) => holds(() => requireIssued(issued, one)));
    path.push(...issuers);
    waiting = waiting.filter((one) => !isIn(one, issuers));
  }
  if (waiting.length) refuse("token.strange_certificate", { found: waiting.at(-1).name });
  if (info.allCertificates.length !== path.length) refuse("token.certificate_twice", { expected: path.length, found: info.allCertificates.length });
}
