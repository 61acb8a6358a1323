// Merkle tree hashes and proofs of the custody log (RFC 9162, section 2.1). Sizes and places are BigInt.
import { hex, isSame, sha256 } from "./bytes.js";
import { refuse } from "./refuse.js";

const HASH_BYTES = 32;
const EMPTY_ROOT = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const pair = new Uint8Array(1 + 2 * HASH_BYTES);
pair[0] = 1;

export function leafHash(leaf) {
  const data = new Uint8Array(leaf.length + 1);
  data.set(leaf, 1);
  return sha256(data);
}

function nodeHash(left, right) {
  pair.set(left, 1);
  pair.set(right, 1 + HASH_BYTES);
  return sha256(pair);
}

const bitLength = (number) => (number ? number.toString(2).length : 0);
const ones = (number) => number.toString(2).replaceAll("0", "").length;
const trailingOnes = (number) => bitLength(~number & (number + 1n)) - 1;
const isPowerOfTwo = (number) => number > 0n && (number & (number - 1n)) === 0n;

/** How many siblings a path has below, and how many above, its meeting with the right border. */
function steps(index, size) {
  const inner = bitLength(index ^ (size - 1n));
  return [inner, ones(index >> BigInt(inner))];
}

/**
 * Checks that leaves are entries of the tree of `size` entries with this root (2.1.3.2), one after the other: from where the
 * paths of two are one, the second is only compared with the first.
 */
export class Inclusion {
  constructor({ size, root }) {
    Object.assign(this, { size, root, last: null });
  }

  /** Check that a leaf, of which `hash` is the hash, is entry `index`. */
  verify({ hash, index, path }) {
    const { size, root } = this;
    if (index < 0n || index >= size) refuse("inclusion_proof.not_in_this_tree", { index, tree_size: size });
    const [inner, border] = steps(index, size);
    if (path.length !== inner + border) refuse("inclusion_proof.path_does_not_fit", { index, needed: inner + border, given: path.length });
    const shared = this.sharedFrom({ index, inner, path });
    const reached = [hash];
    for (let height = 0; height < path.length; height++) {
      if (height === shared && isSame(reached[height], this.last.reached[height])) {
        for (let above = height + 1; above <= path.length; above++) reached.push(this.last.reached[above]);
        break;
      }
      const isRight = height >= inner || (index >> BigInt(height)) & 1n;
      reached.push(isRight ? nodeHash(path[height], reached[height]) : nodeHash(reached[height], path[height]));
    }
    const found = reached[path.length];
    if (!isSame(found, root)) refuse("inclusion_proof.another_root", { index, tree_size: size, expected: hex(root), found: hex(found) });
    this.last = { index, inner, path, reached };
  }

  /** The height from which on the path before has the same nodes on the same sides; none is -1. */
  sharedFrom({ index, inner, path }) {
    const { last } = this;
    if (!last || last.inner !== inner || last.path.length !== path.length) return -1;
    const height = bitLength(index ^ last.index);
    for (let at = height; at < path.length; at++) if (path[at] !== last.path[at] && !isSame(path[at], last.path[at])) return -1;
    return height;
  }
}

/** Check that the new tree begins with every entry of the old one, unchanged (2.1.4.2). */
export function verifyConsistency({ oldSize, oldRoot, newSize, newRoot, path }) {
  if (oldSize > newSize) refuse("consistency_proof.tree_went_back", { old_size: oldSize, new_size: newSize });
  for (const [size, root] of [[oldSize, oldRoot], [newSize, newRoot]]) {
    if (size === 0n && hex(root) !== EMPTY_ROOT) refuse("consistency_proof.another_empty_root", { expected: EMPTY_ROOT, found: hex(root) });
  }
  if (oldSize === 0n || oldSize === newSize) {
    if (path.length || (oldSize === newSize && !isSame(oldRoot, newRoot))) {
      refuse("consistency_proof.one_size_two_trees", { old_size: oldSize, new_size: newSize, old_root: hex(oldRoot), new_root: hex(newRoot), length: path.length });
    }
    return;
  }
  const [inner, border] = steps(oldSize - 1n, newSize);
  const needed = inner - trailingOnes(oldSize - 1n) + border + (isPowerOfTwo(oldSize) ? 0 : 1);
  if (path.length !== needed) refuse("consistency_proof.path_does_not_fit", { old_size: oldSize, new_size: newSize, needed, given: path.length });
  const [old, made] = rootsFromPath(oldSize, oldRoot, inner, path);
  if (!isSame(old, oldRoot) || !isSame(made, newRoot)) {
    refuse("consistency_proof.forked", { old_size: oldSize, new_size: newSize, old_root: hex(oldRoot), new_root: hex(newRoot), old: hex(old), new: hex(made) });
  }
}

/** Both roots that a path of the right length leads to: the walk starts at the largest complete subtree that ends the old tree. */
function rootsFromPath(oldSize, oldRoot, inner, path) {
  const last = oldSize - 1n;
  const [first, ...nodes] = isPowerOfTwo(oldSize) ? [oldRoot, ...path] : path;
  let [old, made] = [first, first];
  nodes.forEach((node, at) => {
    const height = at + trailingOnes(last);
    if (height >= inner || (last >> BigInt(height)) & 1n) [old, made] = [nodeHash(node, old), nodeHash(node, made)];
    else made = nodeHash(made, node);
  });
  return [old, made];
}

export const isEmptyRoot = (root) => hex(root) === EMPTY_ROOT;
