// Bundles hashes and elliptic curves into one script, with the licences in it: node build.mjs [FILE]
import { readFileSync } from "node:fs";
import { build } from "esbuild";

const EXPORTS = `
export { ed25519 } from "@noble/curves/ed25519.js";
export { p256, p384, p521 } from "@noble/curves/nist.js";
export { secp256k1 } from "@noble/curves/secp256k1.js";
export { brainpoolP256r1, brainpoolP384r1, brainpoolP512r1 } from "@noble/curves/misc.js";
export { sha1 } from "@noble/hashes/legacy.js";
export { sha256, sha384, sha512 } from "@noble/hashes/sha2.js";
`;
const LICENSED = ["@noble/curves", "@noble/hashes"];

const licences = LICENSED.map((name) => {
  const { version } = JSON.parse(readFileSync(`node_modules/${name}/package.json`, "utf8"));
  return `${name} ${version}\n\n${readFileSync(`node_modules/${name}/LICENSE`, "utf8").trim()}`;
});

await build({
  stdin: { contents: EXPORTS, resolveDir: "." },
  bundle: true,
  minify: true,
  charset: "ascii",
  format: "iife",
  globalName: "bundled",
  target: "es2022",
  legalComments: "none",
  banner: { js: `/*!\nMade by casefiles/verifier/html/build; not written by hand.\n\n${licences.join("\n\n---\n\n")}\n*/` },
  outfile: process.argv[2] ?? "../parts/bundled.js",
});
