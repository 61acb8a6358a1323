// Five words that people can say, write and type: 80 bits as proquints (D. S. Wilkerson, 2009, arXiv:0901.4016).

const CONSONANTS = "bdfghjklmnprstvz";
const VOWELS = "aiou";
const WORDS = 5;
/** The letter for each Latin one, in the order of `LATIN`. */
const LATIN = CONSONANTS + VOWELS;
const CYRILLIC = "бдфгхјклмнпрствзаиоу";

/** The words of the first 10 of some bytes: `lusab-babad-...`. */
export function wordsOf(bytes) {
  const words = [];
  for (let at = 0; at < 2 * WORDS; at += 2) words.push(wordOf((bytes[at] << 8) | bytes[at + 1]));
  return words.join("-");
}

function wordOf(bits) {
  const consonant = (shift) => CONSONANTS[(bits >> shift) & 15];
  const vowel = (shift) => VOWELS[(bits >> shift) & 3];
  return consonant(12) + vowel(10) + consonant(6) + vowel(4) + consonant(0);
}

/** The same words in Cyrillic letters. */
export function inCyrillic(words) {
  return Array.from(words, (letter) => CYRILLIC[LATIN.indexOf(letter)] ?? letter).join("");
}

/** Words as somebody types them, in either script and any case, in their one spelling; null if they are not five. */
export function readWords(text) {
  const letters = Array.from(text.toLowerCase(), (letter) => LATIN[CYRILLIC.indexOf(letter)] ?? letter).join("");
  const words = letters.split(/[^a-z]+/).filter(Boolean);
  const shape = new RegExp(`^([${CONSONANTS}][${VOWELS}]){2}[${CONSONANTS}]$`);
  return words.length === WORDS && words.every((word) => shape.test(word)) ? words.join("-") : null;
}
