// Foreign hands on our files: the age library by age's author, and another SLIP-39.
// node foreign.mjs COMMAND [ARGUMENT...], plain bytes on standard input and output.
import { readFileSync, writeSync } from "node:fs";

const commands = {
  encrypt: async (age, recipient) => {
    const encrypter = new age.Encrypter();
    encrypter.addRecipient(recipient);
    return encrypter.encrypt(readFileSync(0));
  },
  decrypt: async (age, identity) => {
    const decrypter = new age.Decrypter();
    decrypter.addIdentity(identity);
    return decrypter.decrypt(readFileSync(0));
  },
  "encrypt-passphrase": async (age, passphrase) => {
    const encrypter = new age.Encrypter();
    encrypter.setPassphrase(passphrase);
    encrypter.setScryptWorkFactor(10);
    return encrypter.encrypt(readFileSync(0));
  },
  "decrypt-passphrase": async (age, passphrase) => {
    const decrypter = new age.Decrypter();
    decrypter.addPassphrase(passphrase);
    return decrypter.decrypt(readFileSync(0));
  },
  recipient: async (age, identity) => Buffer.from(await age.identityToRecipient(identity)),
  "new-identity": async (age) => Buffer.from(await age.generateHybridIdentity()),
  vectors: async () => {
    const vectors = await import("cctv-age");
    const told = Object.entries(vectors.default ?? vectors).map(([name, data]) => [name, Buffer.from(data).toString("hex")]);
    return Buffer.from(JSON.stringify(Object.fromEntries(told)));
  },
  "read-cards": async () => {
    const { default: slip39 } = await import("slip39");
    return Buffer.from(slip39.recoverSecret(JSON.parse(readFileSync(0, "utf8")), ""));
  },
  "make-cards": async (_age, seed) => {
    const { default: slip39 } = await import("slip39");
    const made = slip39.fromArray([...Buffer.from(seed, "hex")], { threshold: 1, groups: [[2, 3, "office"]] });
    return Buffer.from(JSON.stringify(made.fromPath("r/0").mnemonics));
  },
};

const [command, ...rest] = process.argv.slice(2);
let left = await commands[command](await import("age-encryption"), ...rest);
while (left.length > 0) left = left.subarray(writeSync(1, left));
