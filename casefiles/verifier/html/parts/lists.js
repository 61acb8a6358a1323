// The lists of members: the bag's (RFC 8493) and those that the seal and the archive's stamp cover (ETSI EN 319 162-1).
// Each has one spelling: what is read is written again and compared.
import { base64, decode, encode, fromBase64, hex, isSame } from "./bytes.js";
import { isKeptManifest, isPayload, memberOf } from "./layout.js";
import { refuse } from "./refuse.js";

const DECLARATION = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n";
const HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
  + '<asic:ASiCManifest xmlns:asic="http://uri.etsi.org/02918/v1.2.1#" xmlns:ds="http://www.w3.org/2000/09/xmldsig#">\n';
const TAIL = "</asic:ASiCManifest>\n";
const METHOD = '<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"></ds:DigestMethod>';
const LINE = /^<asic:DataObjectReference URI="([A-Za-z0-9._/-]+)" MimeType="[A-Za-z0-9./+-]+"(?: Rootfile="true")?>.*<ds:DigestValue>([A-Za-z0-9+/]{43}=)<\/ds:DigestValue><\/asic:DataObjectReference>$/;
const MANIFEST = "manifest-sha256.txt";
const INFO = "bag-info.txt";

const inOrder = (map) => [...map].sort(([one], [other]) => (one < other ? -1 : 1));
const quoted = (text) => JSON.stringify(text).slice(0, 120);

/** Check the bag's list against the payload: every file once, with its digest. */
export function requireBag(manifest, digests) {
  const listed = new Map();
  for (const line of (decode(manifest) ?? refuse("manifest.bag_line_malformed", { where: MANIFEST })).split("\n").slice(0, -1)) {
    const match = /^([0-9a-f]{64}) {2}([A-Za-z0-9._/-]+)$/.exec(line);
    if (!match || listed.has(match[2])) refuse("manifest.bag_line_malformed", { where: MANIFEST, found: quoted(line) });
    listed.set(match[2], match[1]);
  }
  const payload = [...digests.keys()].filter(isPayload);
  const odd = [...payload.filter((name) => !listed.has(name)), ...[...listed.keys()].filter((name) => !payload.includes(name))].sort();
  if (odd.length) refuse("manifest.payload_differs", { where: odd[0], length: odd.length });
  for (const [name, digest] of listed) if (hex(digests.get(name)) !== digest) refuse("manifest.file_changed", { where: name, digest });
  const spelled = inOrder(listed).map(([name, digest]) => `${digest}  ${name}\n`).join("");
  if (!isSame(encode(spelled), manifest)) refuse("manifest.bag_not_the_one_spelling", { where: MANIFEST });
}

/** Check the declaration, and that bag-info says what the case says and how much the payload is, and nothing else. */
export function requireInfo(members, facts) {
  if (decode(members.get("bagit.txt")) !== DECLARATION) refuse("manifest.not_a_bag", { where: "bagit.txt", expected: DECLARATION });
  const info = readBagInfo(members.get(INFO));
  const payload = [...members].filter(([name]) => isPayload(name));
  const oxum = `${payload.reduce((sum, [, content]) => sum + content.length, 0)}.${payload.length}`;
  const wanted = new Map([...Object.entries(facts), ["Payload-Oxum", oxum]]);
  for (const [label, expected] of wanted) {
    if (info.get(label) !== expected) refuse("manifest.bag_info_differs", { where: label, expected: quoted(expected), found: quoted(info.get(label) ?? "") });
  }
  const spelled = inOrder(wanted).map(([label, value]) => `${label}: ${value}\n`).join("");
  if (!isSame(encode(spelled), members.get(INFO))) refuse("manifest.bag_not_the_one_spelling", { where: INFO });
}

function readBagInfo(bytes) {
  const lines = (decode(bytes) ?? refuse("manifest.not_utf_8", { where: INFO })).split("\n");
  const facts = new Map();
  for (const line of lines.slice(0, -1)) {
    const match = /^([A-Z][A-Za-z-]*): ([^\n]+)$/.exec(line);
    if (!match || facts.has(match[1])) refuse("manifest.bag_line_malformed", { where: INFO, found: quoted(line) });
    facts.set(match[1], match[2]);
  }
  if (lines[lines.length - 1]) refuse("manifest.last_line_open", { where: INFO });
  return facts;
}

/** Read a list that names `signature`: the digest of each member that it lists. */
export function parseManifest(bytes, signature) {
  const digests = new Map();
  const lines = (decode(bytes) ?? refuse("manifest.not_ascii", { where: signature })).split("\n").slice(1, -1);
  // the head, the signature's line and the tail are settled by the comparison at the end
  for (const line of lines.slice(2, -1)) {
    const match = LINE.exec(line);
    if (!match || digests.has(match[1])) refuse("manifest.line_malformed", { where: line.slice(0, 120) });
    digests.set(match[1], fromBase64(match[2]) ?? refuse("manifest.line_malformed", { where: line.slice(0, 120) }));
  }
  if (!isSame(encode(rendered(signature, digests)), bytes)) refuse("manifest.not_the_one_spelling", { signature });
  return digests;
}

function rendered(signature, digests) {
  // the newest of the archive's earlier lists is the root file (A.7)
  const root = [...digests.keys()].filter(isKeptManifest).sort().at(-1);
  const lines = inOrder(digests).map(([name, digest]) => `<asic:DataObjectReference URI="${name}" MimeType="${memberOf(name).type}"${name === root ? ' Rootfile="true"' : ""}>${METHOD}`
    + `<ds:DigestValue>${base64(digest)}</ds:DigestValue></asic:DataObjectReference>\n`);
  return `${HEAD}<asic:SigReference URI="${signature}" MimeType="${memberOf(signature).type}"></asic:SigReference>\n${lines.join("")}${TAIL}`;
}

export function requireComplete(listed, names) {
  const leftOut = names.filter((name) => !listed.has(name)).sort();
  if (leftOut.length) refuse("manifest.member_left_out", { where: leftOut[0], length: leftOut.length });
  const odd = [...listed.keys()].filter((name) => !names.includes(name)).sort();
  if (odd.length) refuse("manifest.member_missing", { where: odd[0], length: odd.length });
}

export function requireDigests(listed, digests) {
  for (const [name, digest] of listed) {
    if (digests.has(name) && !isSame(digests.get(name), digest)) refuse("manifest.member_changed", { where: name, digest: hex(digest) });
  }
}
