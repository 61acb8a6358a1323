// Bundles age-encryption and what it needs into one script, with the licences in it: node build.mjs [FILE]
import { readFileSync } from "node:fs";
import { build } from "esbuild";

const LICENSED = [
  "age-encryption", "@noble/ciphers", "@noble/curves", "@noble/hashes", "@noble/post-quantum", "@scure/base",
];

const licences = LICENSED.map((name) => {
  const { version } = JSON.parse(readFileSync(`node_modules/${name}/package.json`, "utf8"));
  return `${name} ${version}\n\n${readFileSync(`node_modules/${name}/LICENSE`, "utf8").trim()}`;
});

await build({
  stdin: { contents: 'export { Encrypter, armor } from "age-encryption";', resolveDir: "." },
  bundle: true,
  minify: true,
  charset: "ascii",
  format: "iife",
  globalName: "age",
  target: "es2022",
  legalComments: "none",
  banner: { js: `/*!\nMade by api/pages/build; not written by hand.\n\n${licences.join("\n\n---\n\n")}\n*/` },
  outfile: process.argv[2] ?? "../parts/age.js",
});
