// Checks a bundle from first byte to last, offline, under the ids of checks.json. casefiles/verifier/checks.py says the same
// in Python and is the reference: a test gives both every damaged and every wrong bundle.
import { decode, encode, endedLines, hex, sha256, sha256Hex, sha256OfMuch } from "./bytes.js";
import { has, jcs, readJcs, readJson } from "./canonical.js";
import { chainToRoot, distinct, encodePem, isIn, readCertificates } from "./certificate.js";
import { OTHER_REVOCATION } from "./cms.js";
import { requireClosings } from "./closed.js";
import { readContainer } from "./container.js";
import { readEntries } from "./entries.js";
import { counterSealsOf, isCertificate, isCounterSealed, isSealed, linksOf, listedBy, requireMembers, requireSizes } from "./layout.js";
import { NO_TOKEN, requireType } from "./leaf.js";
import { ENTRIES, readStamps, STAMPS } from "./lines.js";
import { parseManifest, requireBag, requireComplete, requireDigests, requireInfo } from "./lists.js";
import { verifyConsistency } from "./merkle.js";
import { openCheckpoint, parseKey } from "./note.js";
import { requireNoPicture } from "./pictures.js";
import { requireReceived } from "./received.js";
import { bagFacts, Bounds, derivedCase, eventsOf, GAP_CLOSED, itemsOf, provenTime, requireCsv, requireLines, rowOf } from "./records.js";
import { requireClosed, requireClosingsWithin, requireLoggedSeal, requireMadeBetween, requireWithin } from "./references.js";
import { holds, refuse, Refused, Undecided } from "./refuse.js";
import { readList, requireUnrevoked, tellsOf } from "./revocation.js";
import { requireSchema, schemaOf } from "./schema.js";
import { onTheWay, readSeal, readSealStamp, requireNothingBeside, rootKeys } from "./seal.js";
import { tables } from "./tables.js";
import { formatTime, MAX_SKEW } from "./times.js";
import { readToken } from "./token.js";

const SEAL_MANIFEST = "META-INF/ASiCManifest001.xml", SEAL_SIGNATURE = "META-INF/signature001.p7s";
const CHECKPOINT = "data/log/checkpoint", CHECKPOINT_TOKEN = "data/log/checkpoint.tst", LOG_KEY = "data/log/key";
const CASE = "data/case.json", ITEMS = "data/items.jsonl", EVENTS = "data/events.jsonl", TABLE = "data/items.csv";
export const PASSED = "PASSED", FAILED = "FAILED", INDETERMINATE = "INDETERMINATE", NOT_MADE = "NOT_MADE";
const SLICE_MS = 40;

/** A container whose members are known, and what the checks read out of it, each part once. */
export class OpenedBundle {
  constructor(members, { roots, sealPin = null, logKey = null, breathe }) {
    Object.assign(this, { members, roots: distinct(roots), sealPin, trustedLogKey: logKey, breathe, made: new Map() });
  }

  /** What `make` gives the first time, refusals too. */
  once(name, make) {
    if (!this.made.has(name)) this.made.set(name, outcomeOf(make));
    const { value, error } = this.made.get(name);
    if (error) throw error;
    return value;
  }

  /** The digest of each member. */
  digests() {
    return this.once("digests", async () => {
      const digests = new Map();
      for (const [name, content] of this.members) digests.set(name, await sha256OfMuch(content));
      return digests;
    });
  }

  /** What every entry that the bundle shows gives each check. */
  entries() {
    return this.once("entries", () => readEntries(this.members.get(ENTRIES), { checkpointOf: () => this.checkpoint, breathe: this.breathe }));
  }

  get earlier() {
    return this.once("earlier", () => readStamps(this.members.get(STAMPS)));
  }

  get told() {
    return this.once("told", () => {
      const told = readJcs(this.members.get(CASE), CASE);
      requireSchema(told, "case", CASE);
      return told;
    });
  }

  /** The gaps that the description says were closed; none where it cannot be read. */
  get closed() {
    return this.once("closed", () => {
      try {
        return new Set(this.told.closed.map((one) => one.hole));
      } catch {
        return new Set();
      }
    });
  }

  get sealed() {
    return this.once("sealed", () => parseManifest(this.members.get(SEAL_MANIFEST), SEAL_SIGNATURE));
  }

  get seal() {
    return this.once("seal", () => readSeal(this.members.get(SEAL_SIGNATURE), this.members.get(SEAL_MANIFEST)));
  }

  get sealStamp() {
    return this.once("sealStamp", () => readSealStamp(this.seal));
  }

  /** The archive stamps, oldest first: the list of each, and its token. */
  get links() {
    return this.once("links", () => linksOf([...this.members.keys()]));
  }

  archiveListOf({ manifest, token }) {
    return this.once(manifest, () => parseManifest(this.members.get(manifest), token));
  }

  get counterSeals() {
    return this.once("counterSeals", () => counterSealsOf([...this.members.keys()]));
  }

  /** The counter-seals that were there when the link of this place was made: all by the newest, none goes. */
  counterSealsAt(link) {
    if (link === this.links.length - 1) return this.counterSeals;
    const named = this.links.slice(0, link + 1).map((each) => this.counterSeals.filter(({ signature }) => this.archiveListOf(each).has(signature)).length);
    return this.counterSeals.slice(0, Math.max(...named));
  }

  archiveStampOf({ manifest, token }) {
    return this.once(token, () => readToken(this.members.get(token), sha256(this.members.get(manifest))));
  }

  get firstArchiveStamp() {
    return this.archiveStampOf(this.links[0]);
  }

  get archiveStamps() {
    return this.links.map((link) => this.archiveStampOf(link));
  }

  get checkpointStamp() {
    return this.once("checkpointStamp", () => readToken(this.members.get(CHECKPOINT_TOKEN), sha256(this.members.get(CHECKPOINT))));
  }

  get logKey() {
    return this.once("logKey", () => parseKey((decode(this.members.get(LOG_KEY)) ?? "").replace(/\n$/, "")));
  }

  get checkpoint() {
    return this.once("checkpoint", () => openCheckpoint(this.members.get(CHECKPOINT), this.logKey));
  }

  /** Every leaf, by index, ascending; its type need not be known here. */
  async leaves() {
    return (await this.entries()).leaves.value;
  }

  /** Every leaf with what is disclosed of it, in the order of the log. */
  async records() {
    const { leaves, records } = await this.entries();
    return leaves.value && records.value;
  }

  /** The tokens over earlier checkpoints, by their digest. */
  anchors() {
    return this.once("anchors", async () => {
      const anchors = new Map();
      for (const stamp of this.earlier) {
        const info = readToken(stamp.token, sha256(stamp.checkpoint));
        anchors.set(stamp.sha256, { info, checkpoint: openCheckpoint(stamp.checkpoint, this.logKey), stamp });
        await this.breathe();
      }
      const cited = new Set([...(await this.leaves()).values()].map((leaf) => leaf.after));
      const missing = [...cited].filter((token) => token !== NO_TOKEN && !anchors.has(token)).sort();
      if (missing.length) refuse("token.named_and_missing", { where: missing[0], length: missing.length });
      return anchors;
    });
  }

  /** The proven bounds of time. */
  anchorage() {
    return this.once("anchorage", async () => {
      const final = provenTime(this.checkpointStamp, this.checkpoint.size, sha256Hex(this.members.get(CHECKPOINT_TOKEN)));
      const earlier = [...await this.anchors()].map(([digest, { info, checkpoint }]) => provenTime(info, checkpoint.size, digest));
      return { checkpoint: this.checkpoint, checkpointSha256: sha256Hex(this.members.get(CHECKPOINT)), bounds: new Bounds(final, earlier) };
    });
  }

  /** Keys of the roots that the seal leads to; none when it does not hold, which its own checks say. */
  get sealRootKeys() {
    return this.once("sealRootKeys", () => {
      try {
        const { certificate, others } = this.seal;
        return rootKeys({ certificate, others, roots: this.roots, at: this.sealStamp.genTime });
      } catch (error) {
        if (error instanceof Refused) return new Set();
        throw error;
      }
    });
  }

  /** What was relied on and when: the chains of the seal and of each time stamp, which were checked. */
  uses() {
    return this.once("uses", async () => {
      const chains = new Map();
      const chainOf = ({ certificate, others }, at) => {
        const key = [certificate, ...others].map((one) => one.fingerprint).join();
        if (!chains.has(key)) chains.set(key, chainToRoot({ certificate, others, roots: this.roots, at }));
        return chains.get(key);
      };
      const infos = [this.sealStamp, this.firstArchiveStamp, this.checkpointStamp, ...[...(await this.anchors()).values()].map(({ info }) => info)];
      const uses = [{ chain: chainOf(this.seal, this.sealStamp.genTime), at: this.sealStamp.genTime, isStamp: false }];
      for (const info of infos) {
        uses.push({ chain: chainOf(info, info.genTime), at: info.genTime, isStamp: true });
        await this.breathe();
      }
      return uses;
    });
  }

  /** The certificates that the bundle has for convenience; what is wrong with one is said elsewhere. */
  get keptCertificates() {
    const kept = [];
    for (const [name, content] of this.members) if (isCertificate(name)) holds(() => kept.push(...readCertificates(content)));
    return kept;
  }

  /** Every time stamp whose mathematics holds; the others fail in checks of their own. */
  async soundStamps({ isAddedToo }) {
    const sound = [];
    const makes = [() => [this.sealStamp], () => [this.checkpointStamp], ...(isAddedToo ? this.links : this.links.slice(0, 1)).map((link) => () => [this.archiveStampOf(link)]), async () => [...(await this.anchors()).values()].map(({ info }) => info)];
    for (const make of makes) {
      try {
        sound.push(...await make());
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
      }
    }
    return sound;
  }
}

function outcomeOf(make) {
  try {
    return { value: make() };
  } catch (error) {
    return { error };
  }
}

/** Trust in a token: it leads to a root, and not to the seal's; or that cannot be decided. */
function requireTrusted(opened, info) {
  requireRoot(opened, info, info.genTime);
  requireOtherRoot(opened, info, "undecided.when_stamped");
  return { latest: formatTime(info.latest), office: info.office };
}

function requireRoots({ roots }, certificate) {
  if (!roots.length) throw new Undecided("undecided.no_roots", { found: `${certificate.name} ${certificate.fingerprint}` });
}

/** Check that a certificate led to a given root. A fault of its own is reported before a missing root. */
function requireRoot(opened, { certificate, others }, at) {
  const { roots } = opened;
  requireRoots(opened, certificate);
  chainToRoot({ certificate, others: [], roots: [certificate], at });
  try {
    chainToRoot({ certificate, others, roots, at });
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    refuse("verification.no_root", { certificate: certificate.name, issuer: certificate.issuerText, cause: error });
  }
}

/** Refuse to decide where the seal and a time stamp lead to one and the same root. */
function requireOtherRoot(opened, info, code) {
  const { certificate, others } = info;
  const keys = rootKeys({ certificate, others, roots: opened.roots, at: info.genTime });
  if ([...keys].some((key) => opened.sealRootKeys.has(key))) throw new Undecided(code, { certificate: opened.seal.certificate.name, office: info.office });
}

function requireOrder(earlier, later) {
  if (earlier.genTime > later.genTime + MAX_SKEW) refuse("manifest.stamps_unordered", { gen_time: formatTime(earlier.genTime), found: formatTime(later.genTime) });
}

const RUN = {
  "container.form": ({ members }) => ({ members: members.size }),
  "container.members": ({ members }) => {
    requireMembers([...members.keys()]);
    requireSizes(members);
  },
  "content.no_pictures": noPictures,
  "bag.manifest": async (opened) => requireBag(opened.members.get("manifest-sha256.txt"), await opened.digests()),
  "bag.info": ({ members, told }) => requireInfo(members, bagFacts(told)),
  "seal.complete": ({ sealed, members }) => requireComplete(sealed, [...members.keys()].filter(isSealed)),
  "seal.digests": async (opened) => requireDigests(opened.sealed, await opened.digests()),
  "seal.signature": ({ seal: { certificate } }) => ({ certificate: certificate.name, fingerprint: certificate.fingerprint }),
  "seal.time_stamp": (opened) => requireTrusted(opened, opened.sealStamp),
  "seal.chain": sealChain,
  "archive.manifest": archiveManifest,
  "archive.time_stamp": archiveTimeStamp,
  "archive.renewals": archiveRenewals,
  "log.key": logKey,
  "log.checkpoint": ({ checkpoint }) => ({ size: String(checkpoint.size), root: hex(checkpoint.root) }),
  "log.checkpoint_stamp": (opened) => requireTrusted(opened, opened.checkpointStamp),
  "archive.order": ({ checkpointStamp, sealStamp, archiveStamps }) => {
    const stamps = [checkpointStamp, sealStamp, ...archiveStamps];
    for (const [at, stamp] of stamps.slice(1).entries()) requireOrder(stamps[at], stamp);
  },
  "seal.counter": sealCounter,
  "log.form": async (opened) => ({ entries: (await opened.entries()).count, stamps: opened.earlier.length }),
  "log.leaves": logLeaves,
  "log.inclusion": logInclusion,
  "log.disclosures": async (opened) => {
    await opened.records();
  },
  "log.stamps": logStamps,
  "seal.revocation": sealRevocation,
  "log.consistency": logConsistency,
  "log.order": logOrder,
  "log.times": logTimes,
  "records.schemas": recordsSchemas,
  "records.items": recordsItems,
  "records.case": recordsCase,
  "records.references": async (opened) => requireClosed(await opened.records(), { caseId: opened.told.case, logKey: opened.logKey.text }),
  "records.seal": async (opened) => requireLoggedSeal(await opened.records(), opened.seal.certificate.fingerprint),
  "records.times": async (opened) => {
    const [records, { bounds }] = [await opened.records(), await opened.anchorage()];
    requireWithin(records, bounds);
    requireClosingsWithin(opened.told.closed, records, bounds);
    requireMadeBetween(opened.told.created_at, opened.checkpointStamp.genTime, opened.sealStamp.genTime);
  },
  "content.certificates": contentCertificates,
};

async function noPictures(opened) {
  for (const [name, content] of opened.members) {
    const entries = name === ENTRIES ? await readable(opened) : null;
    await requireNoPicture(name, content, { entries, breathe: opened.breathe });
  }
}

/** Every entry; null where they cannot be read, which fails. */
async function readable(opened) {
  try {
    return await opened.entries();
  } catch (error) {
    if (error instanceof Refused) return null;
    throw error;
  }
}

async function sealChain(opened) {
  const { seal, sealPin, sealStamp } = opened;
  const own = seal.certificate.fingerprint;
  if (sealPin !== null && sealPin !== own) refuse("bundle_seal.another_certificate", { expected: sealPin, found: own });
  requireRoot(opened, seal, sealStamp.genTime);
  if (sealPin === null) for (const info of await opened.soundStamps({ isAddedToo: false })) requireOtherRoot(opened, info, "undecided.who_sealed");
  return { gen_time: formatTime(sealStamp.genTime) };
}

async function archiveManifest(opened) {
  const { members, links } = opened;
  const digests = await opened.digests();
  for (const [at, link] of links.entries()) {
    const listed = opened.archiveListOf(link);
    requireComplete(listed, listedBy([...members.keys()], links.slice(0, at), opened.counterSealsAt(at)));
    requireDigests(listed, digests);
  }
}

/** Each counter-seal: what it signs, by whom, when; and whether that is trusted, which never touches the seal. */
async function sealCounter(opened) {
  const digests = await opened.digests();
  const [undecided, told, by] = [[], [], [opened.seal.certificate]];
  let latest = null;
  for (const names of opened.counterSeals) {
    const listed = parseManifest(opened.members.get(names.manifest), names.signature);
    requireComplete(listed, [...opened.members.keys()].filter(isCounterSealed));
    requireDigests(listed, digests);
    const seal = readSeal(opened.members.get(names.signature), opened.members.get(names.manifest));
    const info = readSealStamp(seal);
    if (isIn(seal.certificate, by)) refuse("bundle_seal.sealed_before", { where: names.signature, found: seal.certificate.name });
    by.push(seal.certificate);
    const covering = opened.archiveStamps.filter((_, link) => opened.counterSealsAt(link).includes(names));
    requireOrder(opened.sealStamp, info);
    requireOrder(info, covering[0]);
    try {
      requireTrustedCounterSeal(opened, seal, info, covering);
    } catch (error) {
      if (!(error instanceof Undecided)) throw error;
      undecided.push(error);
    }
    told.push(`${seal.certificate.name}, ${seal.certificate.fingerprint}`);
    latest = formatTime(info.latest);
  }
  if (undecided.length) throw undecided[0];
  return told.length ? { names: told.join("; "), latest } : {};
}

function requireTrustedCounterSeal(opened, seal, info, archived) {
  const { certificate, others } = seal;
  try {
    requireRoot(opened, seal, info.genTime);
  } catch (error) {
    if (!(error instanceof Refused) || error.code !== "verification.no_root") throw error;
    throw new Undecided("undecided.counter_seal", { found: `${certificate.name} ${certificate.fingerprint}` });
  }
  requireTrustedAddition(opened, info);
  const archivedAt = firstTrusted(opened, archived).genTime;
  const own = rootKeys({ certificate, others, roots: opened.roots, at: info.genTime });
  const stamped = rootKeys({ certificate: info.certificate, others: info.others, roots: opened.roots, at: info.genTime });
  if ([...stamped].some((key) => own.has(key))) throw new Undecided("undecided.when_stamped", { certificate: certificate.name, office: info.office });
  const chain = chainToRoot({ certificate, others, roots: opened.roots, at: info.genTime });
  requireUnrevoked(listsOf(seal), [{ chain, at: info.genTime, isStamp: false }, stampUse(opened, info)], { beside: others, archivedAt });
}

/** The first of the time stamps that cover a counter-seal that is trusted; nothing else covers its lists. */
function firstTrusted(opened, infos) {
  let undecided = null;
  for (const info of infos) {
    try {
      requireTrustedAddition(opened, info);
      return info;
    } catch (error) {
      if (!(error instanceof Undecided)) throw error;
      undecided ??= error;
    }
  }
  throw undecided;
}

function archiveTimeStamp(opened) {
  requireNothingBeside(opened.firstArchiveStamp, { isRenewed: false });
  return requireTrusted(opened, opened.firstArchiveStamp);
}

/** Each renewal: its token holds and has nothing beside it; and whether its office is trusted. Anybody can add one. */
function archiveRenewals(opened) {
  const renewals = opened.archiveStamps.slice(1);
  for (const info of renewals) requireNothingBeside(info, { isRenewed: true });
  let undecided = null;
  for (const info of renewals) {
    try {
      requireTrustedAddition(opened, info);
    } catch (error) {
      if (!(error instanceof Undecided)) throw error;
      undecided ??= error;
    }
  }
  if (undecided) throw undecided;
  return renewals.length ? { newest: formatTime(renewals.at(-1).latest) } : {};
}

/** Trust in a token that anybody could add: without a root for its office, that is not decided. */
function requireTrustedAddition(opened, info) {
  try {
    requireTrusted(opened, info);
  } catch (error) {
    if (!(error instanceof Refused) || error.code !== "verification.no_root") throw error;
    throw new Undecided("undecided.renewal", { found: `${info.certificate.name} ${info.certificate.fingerprint}` });
  }
}

function logKey(opened) {
  const { text } = opened.logKey;
  if (decode(opened.members.get(LOG_KEY)) !== `${text}\n`) refuse("verification.log_key_not_the_one_spelling", { where: LOG_KEY, expected: text });
  if (opened.trustedLogKey !== null && opened.trustedLogKey !== text) refuse("verification.another_log_key", { expected: opened.trustedLogKey, found: text });
}

/** Every leaf is of its type; what is wrong with one outweighs that the type of another is not known. */
async function logLeaves(opened) {
  let unknown = null;
  for (const [index, leaf] of await opened.leaves()) {
    try {
      requireType(leaf, index);
    } catch (error) {
      if (!(error instanceof Undecided)) throw error;
      unknown ??= error;
    }
  }
  if (unknown) throw unknown;
}

async function logInclusion(opened) {
  const { inclusion } = await opened.entries();
  void inclusion.value;
}

async function logStamps(opened) {
  const undecided = [];
  for (const { info } of (await opened.anchors()).values()) {
    trustedOr(undecided, opened, info);
    await opened.breathe();
  }
  if (undecided.length) throw undecided[0];
}

function trustedOr(undecided, opened, info) {
  try {
    return requireTrusted(opened, info);
  } catch (error) {
    if (!(error instanceof Undecided)) throw error;
    undecided.push(error);
    return null;
  }
}

async function sealRevocation(opened) {
  const { certificate, others } = opened.seal;
  const lists = listsOf(opened.seal);
  const ofRenewals = opened.archiveStamps.slice(1).map((info) => ({ info, lists: listsOf(info) }));
  requireRoots(opened, certificate);
  const beside = [...others, ...opened.keptCertificates];
  const without = new Set(requireUnrevoked(lists, await opened.uses(), { beside, archivedAt: opened.archiveStamps[0].genTime }));
  // those of a renewal tell of its own time stamp, and the seal's too where the office is the same
  for (const { info, lists: own } of ofRenewals) {
    // whoever renewed is not known, and neither is who made its lists: that check is undecided
    if (!leadsToARoot(opened, info)) continue;
    const uses = [stampUse(opened, info)];
    const both = [...own, ...lists.filter((list) => tellsOf(list, uses))];
    for (const name of requireUnrevoked(both, uses, { beside: info.others, archivedAt: info.genTime })) without.add(name);
  }
  return { lists: lists.length + ofRenewals.flatMap((each) => each.lists).length, without: [...without] };
}

function leadsToARoot({ roots }, { certificate, others, genTime }) {
  try {
    chainToRoot({ certificate, others, roots, at: genTime });
    return true;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return false;
  }
}

const stampUse = ({ roots }, { certificate, others, genTime }) => ({ chain: chainToRoot({ certificate, others, roots, at: genTime }), at: genTime, isStamp: true });

function listsOf({ revocations }) {
  const parts = revocations ?? [];
  if (parts.some(({ tag }) => tag === OTHER_REVOCATION)) refuse("bundle_seal.other_revocation");
  const lists = parts.map((part) => readList(part.der.slice()));
  if (new Set(lists.map(({ der }) => hex(der))).size !== lists.length) refuse("bundle_seal.list_doubled");
  return lists;
}

async function logConsistency(opened) {
  const final = opened.checkpoint;
  for (const { checkpoint, stamp } of (await opened.anchors()).values()) {
    if (checkpoint.size >= final.size) refuse("consistency_proof.not_earlier", { size: checkpoint.size, final: final.size });
    verifyConsistency({ oldSize: checkpoint.size, oldRoot: checkpoint.root, newSize: final.size, newRoot: final.root, path: stamp.consistency });
  }
}

async function logOrder(opened) {
  const anchors = await opened.anchors();
  let latest = null;
  for (const [index, leaf] of await opened.leaves()) {
    const anchor = anchors.get(leaf.after);
    if (latest && !anchor) refuse("leaf.names_no_token", { index });
    if (!anchor) continue;
    // the token's own anchor lies between the checkpoint that it stamps and the leaf that names it
    if (anchor.checkpoint.size >= index) refuse("leaf.names_a_later_token", { index, size: anchor.checkpoint.size });
    if (latest) requireOrder(latest, anchor.info);
    // with the latest, not the one before: else times could creep back by the skew at every token
    if (!latest || anchor.info.genTime > latest.genTime) latest = anchor.info;
  }
  for (const { info } of anchors.values()) requireOrder(info, opened.checkpointStamp);
}

async function logTimes(opened) {
  const { bounds } = await opened.anchorage();
  const [anchors, leaves] = [await opened.anchors(), await opened.leaves()];
  const needed = bounds.neededBy(leaves);
  const idle = [...anchors.keys()].filter((token) => !needed.has(token)).sort();
  if (idle.length) refuse("token.bounds_nothing", { where: idle[0], length: idle.length });
  const by = [...leaves.keys()].map((index) => bounds.inLogBy(index).by).sort();
  return by.length ? { earliest: by[0], latest: by.at(-1) } : {};
}

async function recordsSchemas(opened) {
  for (const name of Object.keys(tables.schemaTexts)) {
    const where = `data/schema/${name}.schema.json`;
    if (decode(opened.members.get(where)) !== tables.schemaTexts[name]) refuse("records.another_schema", { where });
  }
  requireSchema(opened.told, "case", CASE);
  const ofContent = Object.keys(schemaOf("content").properties);
  for (const [member, name] of [[ITEMS, "item"], [EVENTS, "event"]]) {
    let number = 0;
    for (const line of endedLines(opened.members.get(member))) {
      const where = `${member}:${number += 1}`;
      const row = readJson(line, where); // in its one spelling, or records.items finds another
      requireSchema(row, name, where);
      if (name === "item") requireSchema(Object.fromEntries(ofContent.filter((key) => has(row.values, key)).map((key) => [key, row.values[key]])), "content", where);
      await opened.breathe();
    }
  }
}

async function recordsItems(opened) {
  const [records, { bounds }] = [await opened.records(), await opened.anchorage()];
  const items = itemsOf(records);
  const lineOf = (record) => jcs(rowOf(record, bounds));
  await requireLines(ITEMS, opened.members.get(ITEMS), items, lineOf, opened.breathe);
  const told = (record) => jcs(opened.closed.has(String(record.index)) ? { ...rowOf(record, bounds), type: GAP_CLOSED } : rowOf(record, bounds));
  await requireLines(EVENTS, opened.members.get(EVENTS), eventsOf(records), told, opened.breathe);
  await requireCsv(TABLE, opened.members.get(TABLE), items, bounds, opened.breathe);
}

async function recordsCase(opened) {
  const records = await opened.records();
  for (const [name, expected] of Object.entries(derivedCase(records, await opened.anchorage()))) {
    if (jcs(opened.told[name]) !== jcs(expected)) refuse("records.description_differs", { where: name, expected: jcs(expected), found: jcs(opened.told[name]).slice(0, 120) });
  }
  requireReceived(records, opened.told.received);
  requireClosings(records, opened.told.closed, opened.checkpoint.size);
}

async function contentCertificates(opened) {
  const certificates = [...opened.members].filter(([name]) => isCertificate(name)).map(([name, content]) => {
    const [certificate] = readCertificates(content);
    const isWhole = name === `data/certs/${certificate.fingerprint}.pem` && hex(encode(encodePem(certificate))) === hex(content);
    return isWhole ? certificate : refuse("records.certificate_not_one_pem", { where: name });
  });
  const { certificate, others } = opened.seal;
  let used = onTheWay({ certificate, others, roots: certificates, at: opened.sealStamp.genTime });
  // not the archive's: whoever renews that stamp cannot change what was sealed
  for (const info of [opened.sealStamp, opened.checkpointStamp, ...[...(await opened.anchors()).values()].map((anchor) => anchor.info)]) {
    if (used.length === certificates.length) break;
    used = distinct([...used, ...onTheWay({ certificate: info.certificate, others: info.others, roots: certificates, at: info.genTime })]);
    await opened.breathe();
  }
  const strange = certificates.find((one) => !isIn(one, used));
  if (strange) refuse("records.strange_certificate", { where: strange.name });
}

/** Make every check of the list that this program makes, on the bytes of a file.
 *
 * @param progress Called with how much is done, from 0 to 1.
 * @returns The findings in their order, the verdict, and the opened bundle, or null where the file is none.
 */
export async function verifyBundle(file, { roots = [], sealPin = null, logKey = null, progress = () => {} } = {}) {
  let done = 0;
  const breathe = breathing(() => progress(done / tables.checks.length));
  let opened = null;
  const findings = new Map();
  const form = await findingOf("container.form", () => {
    opened = new OpenedBundle(readContainer(file), { roots, sealPin, logKey, breathe });
    return RUN["container.form"](opened);
  });
  for (const check of tables.checks) {
    done += 1;
    findings.set(check.id, check.id === "container.form" ? form : await findingAfter(check, findings, opened));
    await breathe(true);
  }
  const all = [...findings.values()];
  return { findings: all, verdict: verdictOf(all), opened };
}

async function findingAfter({ id, isMade, needs, isAdded }, findings, opened) {
  if (!isMade) return { id, verdict: NOT_MADE, code: null, facts: {} };
  const missing = needs.find((need) => !isHeld(findings.get(need)));
  if (missing) return { id, verdict: INDETERMINATE, code: "finding.not_made", facts: { missing } };
  return { ...await findingOf(id, () => RUN[id](opened)), isAdded };
}

/** Whether a check did not fail, and was made. */
const isHeld = (finding) => finding && finding.verdict !== FAILED && finding.code !== "finding.not_made";

async function findingOf(id, run) {
  try {
    return { id, verdict: PASSED, code: null, facts: (await run()) ?? {} };
  } catch (error) {
    if (error instanceof Undecided) return { id, verdict: INDETERMINATE, code: error.code, facts: error.facts };
    if (error instanceof Refused) return { id, verdict: FAILED, code: error.code, facts: error.facts };
    // what is nested without end
    if (error instanceof RangeError) return { id, verdict: FAILED, code: "canonical.cannot_be_written", facts: { found: "RangeError" } };
    return { id, verdict: INDETERMINATE, code: "page.broke", facts: { found: String(error?.stack ?? error).slice(0, 400) } };
  }
}

/** Whether a finding is about something added later that is not decided. */
export const isOpenAddition = ({ isAdded, verdict, code }) => Boolean(isAdded) && verdict === INDETERMINATE && code !== "finding.not_made" && code !== "page.broke";

export function verdictOf(findings) {
  // what anybody can add leaves the verdict on the sealed bundle as it is, unless it is wrong
  const verdicts = findings.map((finding) => (isOpenAddition(finding) ? PASSED : finding.verdict));
  return [FAILED, INDETERMINATE].find((verdict) => verdicts.includes(verdict)) ?? PASSED;
}

/** A pause now and then, so that the page answers meanwhile. */
function breathing(tell) {
  let last = Date.now();
  return (isDue = false) => {
    if (!isDue && Date.now() - last < SLICE_MS) return undefined;
    tell();
    if (Date.now() - last < SLICE_MS) return undefined;
    last = Date.now();
    return paused();
  };
}

/** Let the page answer. A browser makes timers that follow each other wait, and messages not. */
function paused() {
  const { port1, port2 } = new MessageChannel();
  return new Promise((done) => {
    port1.onmessage = () => {
      port1.close();
      done();
    };
    port2.postMessage(null);
  });
}
