// Verifies bundles with the page's own modules, without a browser: node engine.mjs FOLDER
//
// Each line of standard input is a JSON object: `file`, and what `verifyBundle` is told beside it: `roots` as PEM, `pin`,
// `key`. Or `token`, `digest` and `roots`: whether the token is good and leads to a root. Or `list` and, as PEM, `by` and
// `covers`: what a revocation list says, whose it is, what it is for. Or `said`, an item's values and what is withheld of
// it, and a `language`: what the page tells of it, in rows. Or `lines` of `entries.jsonl` in Base64: what the quick reader
// and the slow one take from each. Each gives one line of JSON.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { runInThisContext } from "node:vm";

const folder = process.argv[2];
runInThisContext(readFileSync(`${folder}/bundled.js`, "utf8"));
const part = (name) => import(pathToFileURL(`${folder}/${name}`).href);
const { verifyBundle } = await part("checks.js");
const { chainToRoot, readCertificates } = await part("certificate.js");
const { covers, readList, requireMadeBy } = await part("revocation.js");
const { readToken } = await part("token.js");
const { fromBase64, fromHex, hex, Room } = await part("bytes.js");
const { openDisclosed, readLeaf } = await part("leaf.js");
const { readEntry } = await part("lines.js");
const { QuickReader } = await part("quick.js");
const { formatTime } = await part("times.js");
const { requireOthers } = await part("persons.js");
const { inWords, labelOf, saidOfItem } = await part("said.js");
const { tables } = await part("tables.js");
const { Refused } = await part("refuse.js");
const ANSWERS = { file: ofBundle, token: ofToken, persons: ofPersons, list: ofList, said: ofSaid, lines: ofLines };

for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line);
  const answer = Object.keys(ANSWERS).find((name) => name in asked);
  console.log(JSON.stringify(await ANSWERS[answer](asked)));
}

async function ofBundle({ file, roots, pin = null, key = null }) {
  const bytes = new Uint8Array(readFileSync(file));
  const begun = performance.now();
  const { findings, verdict, opened } = await verifyBundle(bytes, { roots: rootsOf(roots), sealPin: pin, logKey: key });
  const isQuick = await opened?.entries().then((read) => read.isQuick, () => false);
  return { verdict, isQuick, ms: performance.now() - begun, checks: findings.map(({ id, verdict: found, code, facts }) => ({ id, verdict: found, code, found: String(facts.found ?? ""), without: facts.without ?? [] })) };
}

function rootsOf(pem) {
  return pem ? readCertificates(new TextEncoder().encode(pem)) : [];
}

function ofToken({ token, digest, roots }) {
  return refusedOr(() => {
    const info = readToken(fromHex(token), fromHex(digest));
    chainToRoot({ certificate: info.certificate, others: info.others, roots: rootsOf(roots), at: info.genTime });
    return { latest: formatTime(info.latest) };
  });
}

function ofList({ list, by = null, covers: of = null }) {
  return refusedOr(() => {
    const found = readList(fromHex(list));
    if (by) requireMadeBy(found, rootsOf(by)[0]);
    const entries = [...found.entries].map(([serial, { since, reason }]) => [String(serial), formatTime(since), reason]);
    return { entries, at: formatTime(found.madeAt), until: formatTime(found.endsAt), covers: of && covers(found, rootsOf(of)[0]) };
  });
}

function ofPersons({ persons: [one, other] }) {
  return refusedOr(() => {
    requireOthers(one, other);
    return {};
  });
}

function ofSaid({ said, language }) {
  const words = tables.words[language];
  const say = (key, values = {}) => words[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
  say.of = (key) => words[key];
  const rowOf = (part) => ["sha256" in part
    ? [labelOf(say, part.code), part.sha256 === null ? null : inWords(say, part.sha256)]
    : [labelOf(say, part.code), part.number, inWords(say, part.value), Boolean(part.isQuote)], (part.parts ?? []).map(rowOf)];
  return { rows: saidOfItem(said).map(rowOf) };
}

function ofLines({ lines }) {
  const quick = new QuickReader();
  return { lines: lines.map(fromBase64).map((line) => ofLine(quick, line)) };
}

/** `form`: why the line is none; `quick` and `slow`: what each reader takes from it, null where it takes nothing. */
function ofLine(quick, line) {
  const taken = ({ index, path, values, withheld }) => JSON.stringify([String(index), path.map(hex), values, withheld]);
  const form = refusedOr(() => readEntry(line, "here"));
  const slow = refusedOr(() => ({ taken: taken({ ...form, ...openDisclosed(form.index, readLeaf(form.leaf), form.lines) }) }));
  const read = quick.read(line, new Room(4096), new Uint8Array(1));
  return { form: form.code, slow: form.code || slow.code ? null : slow.taken, quick: read && taken(read) };
}

function refusedOr(make) {
  try {
    return { code: null, ...make() };
  } catch (error) {
    return { code: error instanceof Refused ? error.code : String(error?.stack ?? error) };
  }
}
