// Reads `entries.jsonl` once, line by line, for every check that is about its entries; no line is kept.
//
// Each check has its own stage: what it finds wrong first is kept until its turn, whatever is wrong elsewhere.
import { openDisclosed, readLeaf } from "./leaf.js";
import { ENTRIES, numbered, readEntry, refuseUnordered } from "./lines.js";
import { Inclusion, leafHash } from "./merkle.js";
import { ShownParts } from "./pictures.js";
import { QuickReader } from "./quick.js";
import { refuse } from "./refuse.js";

/** What a check takes out of the entries, or the first of them that it refuses. */
class Stage {
  constructor(value) {
    Object.assign(this, { found: value, error: null });
  }

  /** Go on with what `make` does, unless something was refused before. */
  go(make) {
    if (this.error) return;
    try {
      make(this.found);
    } catch (error) {
      this.error = error;
    }
  }

  get value() {
    if (this.error) throw this.error;
    return this.found;
  }
}

/**
 * Read every entry.
 *
 * @param checkpointOf Gives the checkpoint, or throws where there is none.
 * @returns How many there are, and in stages the leaves by index, the records in the order of the log, whether each is in the tree,
 *   and whether what they show holds no picture.
 */
export async function readEntries(bytes, { checkpointOf, breathe }) {
  const read = { count: 0, isQuick: true, leaves: new Stage(new Map()), records: new Stage([]), inclusion: new Stage(null), pictures: new Stage(new ShownParts(ENTRIES)) };
  read.inclusion.go(() => {
    read.inclusion.found = new Inclusion(checkpointOf());
  });
  const quick = new QuickReader();
  let [before, unordered] = [-1n, 0];
  for (const [line, where] of numbered(bytes, ENTRIES)) {
    const shown = read.pictures.found;
    const entry = quick.read(line, shown.room, shown.between) ?? slowly(line, where, read);
    read.count += 1;
    if (entry.index <= before) unordered ||= read.count;
    before = entry.index;
    goOn(entry, read, checkpointOf);
    await breathe();
  }
  if (unordered) refuseUnordered(ENTRIES, unordered);
  read.pictures.go((shown) => shown.end());
  return read;
}

/** An entry in another spelling than that of a writer, or one with something wrong in it. */
function slowly(line, where, read) {
  read.isQuick = false;
  const entry = readEntry(line, where);
  read.pictures.go((shown) => shown.takeEntry(entry));
  return { ...entry, hash: leafHash(entry.leaf), bytes: entry.leaf, leaf: null };
}

function goOn(entry, { leaves, records, inclusion, pictures }, checkpointOf) {
  const { index, hash, path } = entry;
  leaves.go((found) => {
    entry.leaf ??= readLeaf(entry.bytes);
    const { origin } = checkpointOf();
    if (entry.leaf.log !== origin) refuse("leaf.of_another_log_than_checkpoint", { index, expected: origin });
    found.set(index, entry.leaf);
  });
  // without its leaf, no record is asked for
  if (!leaves.error) records.go((found) => found.push(entry.values ? { index, leaf: entry.leaf, values: entry.values, withheld: entry.withheld } : openDisclosed(index, entry.leaf, entry.lines)));
  inclusion.go((found) => found.verify({ hash, index, path }));
  pictures.go((shown) => shown.searchMany());
  if (pictures.error) pictures.found.forget();
}
