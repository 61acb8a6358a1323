// Bundles age-encryption, what it needs, and a JPEG decoder into one script, with the licences in it: node build.mjs [FILE]
import { readFileSync } from "node:fs";
import { build } from "esbuild";

const EXPORTS = `
export { Encrypter, armor } from "age-encryption";
export { default as decodeJpeg } from "jpeg-js/lib/decoder.js";
`;
const LICENSED = [
  "age-encryption", "@noble/ciphers", "@noble/curves", "@noble/hashes", "@noble/post-quantum", "@scure/base", "jpeg-js",
];

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
  banner: { js: `/*!\nMade by api/pages/build; not written by hand.\n\n${licences.join("\n\n---\n\n")}\n*/` },
  outfile: process.argv[2] ?? "../parts/bundled.js",
});
