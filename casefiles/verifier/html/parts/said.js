// What an item says, in parts with codes, and the report's words for them in the reader's language.
// casefiles/report/said.py has the same rules, casefiles/report/wording.py the same words and evidence/content.py the forms;
// tests/browser/test_said.py compares what both tell.
import { has, isObject, isText, isUnicode, jcs } from "./canonical.js";
import { tables } from "./tables.js";
import { toldTime } from "./times.js";

const WITHHELD_FACT = Symbol("withheld");
const NAMES_OF_AN_ENTRY = { links: ["address"], people: ["id", "name", "username"], numbers: ["kind", "number"] };
const LISTS = { link: "links", person: "people", number: "numbers" };
const formsOf = (listed) => Object.fromEntries(listed.map(([name, form, many]) => [name, { form, many }]));
const PARTS = Object.fromEntries(Object.entries(tables.content.parts).map(([kind, listed]) => [kind, formsOf(listed)]));
const ENTITY_FIELDS = formsOf(tables.content.entity);
const FORM_SPELLINGS = Object.fromEntries(Object.entries(tables.content.spellings).map(([form, pattern]) => [form, new RegExp(`^(?:${pattern})$`)]));
const TIMED = ["posted_at", "edited_at", "received_at", "telegram_at"];
const BEFORE = ["message_id", "posted_at", "edited_at", "sender_name", "sender_id", "reply_to", "forwarded_from"];
const OF_A_FILE = ["file_name", "position", "media_type", "bytes"];
const LOCAL = "local";

/** A value for which a catalogue may have words. */
class Code {
  constructor(family, value) { Object.assign(this, { family, value }); }
}

class Moment {
  constructor(at) { this.at = at; }
}

/** A picture of so many bytes that was cut out of a text. */
class CutPicture {
  constructor(bytes) { this.bytes = bytes; }
}

/** Pieces of a text, with nothing between them. */
class Run {
  constructor(pieces) { this.pieces = pieces; }
}

/** An entry of one of the three lists. */
class Entry {
  constructor(list, fields) { Object.assign(this, { list, fields }); }
}

class Piece {
  constructor(type, words, fields) { Object.assign(this, { type, words, fields }); }
}

class Part {
  constructor(kind, fields) { Object.assign(this, { kind, fields }); }
}

class Span {
  constructor(offset, length) { Object.assign(this, { offset, length }); }
}

/** What is no content: it is told whole, as it is. */
class NoContent extends Error {}

const noContent = () => { throw new NoContent(); };
const row = (code, value = null, parts = [], number = null) => ({ code, value, parts, number });
const isNothing = (value) => value === null || value === undefined || value === "";
const asMoment = (value) => (isText(value) ? new Moment(value) : value);
const timed = (name, value) => (TIMED.includes(name) ? asMoment(value) : value);

/** What an item says, in the order of the report; a name that says nothing has no part. */
export function saidOfItem({ values, withheld }) {
  const codeOf = (name, family) => (isText(values[name]) ? new Code(family, values[name]) : values[name] ?? null);
  const told = [row("item.kind", withheld.includes("kind") ? WITHHELD_FACT : codeOf("kind", "kind")), ...placeOfItem(values)];
  if (!isNothing(values.channel_type)) told.push(row("item.channel_type", codeOf("channel_type", "chat")));
  const hasOrigin = namesTheOrigin(values);
  told.push(...rowsOf(values, BEFORE).filter(({ code }) => code !== "item.forwarded_from" || !hasOrigin));
  if (!isNothing(values.action)) told.push(row("item.action", codeOf("action", "action")));
  told.push(...new Teller(values).content());
  const isFile = values.kind === "file";
  told.push(...rowsOf(values, ["media"]).map((one) => (isFile ? { ...one, code: "item.called" } : one)), ...rowsOf(values, OF_A_FILE));
  if (!isNothing(values.sha256)) told.push({ code: "item.sha256", sha256: values.sha256 });
  else if (isFile && !withheld.includes("sha256")) told.push({ code: "item.sha256", sha256: null });
  if (isObject(values.acquisition)) {
    const fetched = Object.entries(values.acquisition).map(([name, value]) => row(`field.acquisition.${name}`, timed(name, value)));
    told.push(row("item.acquisition", null, fetched));
  } else told.push(...rowsOf(values, ["acquisition"]));
  return told;
}

/** Where an item is from: a channel with its title, or an addition, with the words for its source. */
function placeOfItem(values) {
  const isAdded = isText(values.channel_id) && values.channel_id.startsWith(LOCAL);
  const codes = { "item.channel_id": "item.addition", "item.channel_title": "item.addition_source" };
  return rowsOf(values, ["channel_id", "channel_title"]).map((one) => (isAdded ? { ...one, code: codes[one.code] } : one));
}

/** A row for each name that says something, and for each entry of a list. */
function rowsOf(values, names) {
  return names.filter((name) => !isNothing(values[name])).flatMap((name) => {
    const value = values[name];
    if (Array.isArray(value) && value.length > 1) return value.map((each, at) => row(`item.${name}`, textFact(each), [], at + 1));
    return [row(`item.${name}`, timed(name, textFact(Array.isArray(value) && value.length ? value[0] : value)))];
  });
}

/** Whether the content names where a message was forwarded from, which says more than the name alone. */
function namesTheOrigin({ people, content }) {
  return people !== undefined && Array.isArray(content) && content.some((part) => isObject(part) && part.kind === "forward" && has(part, "person"));
}

function textFact(value) {
  if (isObject(value) && Object.keys(value).length === 1 && isText(value.stripped)) return new CutPicture(value.stripped);
  return Array.isArray(value) && value.length ? new Run(value.map(textFact)) : value;
}

/** Reads the values of one item into what they stand for. */
class Reader {
  constructor(lists, { isWhole = false } = {}) { Object.assign(this, { lists, isWhole }); }

  entity(value) {
    if (!isObject(value)) noContent();
    const { type, offset, length, ...fields } = value;
    spelling(type, "code");
    return { type, span: spanOf({ offset, length }), fields: this.fields(fields, ENTITY_FIELDS) };
  }

  part(value) {
    if (!isObject(value)) noContent();
    const { kind, ...fields } = value;
    return isText(kind) && has(PARTS, kind) ? this.nested(kind, fields) : noContent();
  }

  nested(kind, value) {
    return isObject(value) ? new Part(kind, this.fields(value, PARTS[kind])) : noContent();
  }

  fields(value, forms) {
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, has(forms, name) ? this.field(inner, forms[name]) : noContent()]));
  }

  field(value, { form, many }) {
    if (!many) return this.one(value, form);
    return Array.isArray(value) ? value.map((inner) => this.one(inner, form)) : noContent();
  }

  one(value, form) {
    if (has(PARTS, form)) return this.nested(form, value);
    if (has(LISTS, form)) return this.entry(LISTS[form], value);
    if (form === "words") return this.words(value);
    if (form === "span") return spanOf(value);
    return form === "text" ? requiredText(value) : spelling(value, form);
  }

  words(value) {
    if (isText(value)) return [requiredText(value)];
    return Array.isArray(value) ? value.map((one) => (isObject(one) && has(one, "type") ? this.piece(one) : requiredText(one))) : noContent();
  }

  piece(value) {
    const { type, text, ...fields } = value;
    spelling(type, "code");
    return new Piece(type, has(value, "text") ? this.words(text) : [], this.fields(fields, ENTITY_FIELDS));
  }

  entry(list, place) {
    if (this.isWhole) return asEntry(list, place) ?? noContent();
    if (!has(this.lists, list)) return WITHHELD_FACT;
    const found = /^\d{1,9}$/.test(place) && Array.isArray(this.lists[list]) ? this.lists[list][Number(place)] : undefined;
    return asEntry(list, found) ?? noContent();
  }
}

/** An entry as it stands in its list; null for one of another form. */
function asEntry(list, value) {
  if (!isObject(value) || Object.keys(value).some((name) => !NAMES_OF_AN_ENTRY[list].includes(name))) return null;
  const fields = Object.fromEntries(NAMES_OF_AN_ENTRY[list].map((name) => [name, value[name] ?? null]));
  const isWhole = list === "people" ? Object.values(fields).some((one) => one !== null) : Object.values(fields).every((one) => one !== null);
  const isKnown = list !== "numbers" || tables.content.numbers.includes(fields.kind);
  return isWhole && isKnown && Object.values(fields).every((one) => one === null || isATextValue(one)) ? new Entry(list, fields) : null;
}

const spelling = (value, form) => (isText(value) && FORM_SPELLINGS[form].test(value) ? value : noContent());
const requiredText = (value) => (isATextValue(value) ? value : noContent());

/** A string that is Unicode, its `b64` form, or the pieces around a picture that was cut out. */
function isATextValue(value) {
  if (isText(value)) return isUnicode(value);
  if (Array.isArray(value)) return value.every(isATextValue);
  return isObject(value) && Object.keys(value).length === 1 && (isText(value.b64) || isText(value.stripped));
}

function spanOf(value) {
  const { offset, length } = isObject(value) ? value : noContent();
  return [offset, length].every((one) => isText(one) && /^\d{1,15}$/.test(one)) ? new Span(Number(offset), Number(length)) : noContent();
}

/** Tells the content of an item; an entry of a list that no place refers to has a part of its own. */
class Teller {
  constructor(values) {
    this.values = values;
    this.lists = Object.fromEntries(Object.values(LISTS).filter((name) => has(values, name)).map((name) => [name, values[name]]));
    this.named = new Set();
  }

  /** The words, what is on them, what stands beside them, and counters. */
  content() {
    const [reader, whole] = [new Reader(this.lists), new Reader(this.lists, { isWhole: true })];
    const entities = this.entries("entities", (entry) => this.entity(reader.entity(entry)));
    const beside = this.entries("content", (entry) => {
      const part = reader.part(entry);
      return tables.content.counted.includes(part.kind) ? noContent() : this.part(part);
    });
    const counters = this.entries("counters", (entry) => {
      const part = whole.part(entry);
      return tables.content.counters.includes(part.kind) ? this.part(part) : noContent();
    });
    const { text } = this.values;
    return [
      ...(isNothing(text) ? [] : [{ ...row("item.text", textFact(text)), isQuote: true }]),
      ...(entities.length ? [row("item.entities", null, entities)] : []),
      ...beside, ...this.left(), ...(counters.length ? [row("item.counters", null, counters)] : []),
    ];
  }

  entries(name, tell) {
    const listed = this.values[name] ?? null;
    if (!Array.isArray(listed)) return listed === null ? [] : [row(`item.${name}`, listed)];
    return listed.map((entry) => {
      try {
        return tell(entry);
      } catch (error) {
        // what is nested without end is no content either
        if (error instanceof NoContent || error instanceof RangeError) return row(`item.${name}`, entry);
        throw error;
      }
    });
  }

  entity({ type, span, fields }) {
    const words = this.wordsAt(span);
    return worded(`entity.${type}`, words, this.behind(fields, words));
  }

  /** What is behind a formatting, but for what its words say themselves. */
  behind(fields, words) {
    const told = Object.entries(fields).map(([name, value]) => [value, this.one(`field.entity.${name}`, value, ENTITY_FIELDS[name].form)]);
    return told.filter(([value]) => words === null || !isAlike(shownFor(value), words)).map(([, part]) => part);
  }

  part({ kind, fields }, number = null) {
    const forms = PARTS[kind];
    const parts = Object.keys(forms).filter((name) => has(fields, name)).flatMap((name) => this.field(`field.${kind}.${name}`, fields[name], forms[name]));
    if (parts.length === 1 && tables.content.itself.includes(parts[0].code)) return { ...parts[0], code: `part.${kind}`, number };
    return row(`part.${kind}`, parts.length ? null : new Code("flag", "yes"), parts, number);
  }

  field(code, value, { form, many }) {
    return many ? value.map((one, at) => this.one(code, one, form, at + 1)) : [this.one(code, value, form)];
  }

  one(code, value, form, number = null) {
    if (value === WITHHELD_FACT) return row(code, value, [], number);
    if (value instanceof Part) return this.part(value, number);
    if (form === "words") return worded(code, this.run(value), this.pieces(value), number);
    return worded(code, this.simple(code, value, form), [], number);
  }

  simple(code, value, form) {
    if (form === "span") return this.wordsAt(value);
    if (value instanceof Entry) {
      this.named.add(keyOfEntry(value));
      return value.list === "links" ? textFact(value.fields.address) : value;
    }
    if (form === "flag") return new Code("flag", value);
    if (form === "code") return new Code(code.slice("field.".length), value);
    return form === "time" ? asMoment(value) : textFact(value);
  }

  /** Some of the message's words; offsets count characters, not halves of pairs. */
  wordsAt({ offset, length }) {
    if (!has(this.values, "text")) return WITHHELD_FACT;
    this.letters ??= isText(this.values.text) ? [...this.values.text] : null;
    if (this.letters && offset + length <= this.letters.length) return this.letters.slice(offset, offset + length).join("");
    return { offset: String(offset), length: String(length) };
  }

  /** The words of a part as one text. */
  run(words) {
    const pieces = words.map((one) => (one instanceof Piece ? this.pieceShown(one) : textFact(one)));
    return pieces.every(isText) ? pieces.join("") : new Run(pieces);
  }

  pieceShown({ words, fields }) {
    if (words.length) return this.run(words);
    const found = Object.values(fields).find((value) => value === WITHHELD_FACT || value instanceof Entry);
    return found === undefined ? "" : found === WITHHELD_FACT ? found : shownFor(found);
  }

  /** The formatted pieces of words that have something behind them. */
  pieces(words) {
    return words.filter((one) => one instanceof Piece).flatMap((one) => {
      const shown = this.pieceShown(one);
      return [worded(`entity.${one.type}`, shown, this.behind(one.fields, shown)), ...this.pieces(one.words)];
    });
  }

  /** Links, people and numbers that no place refers to, or that stand where the places are withheld. */
  left() {
    return Object.entries(this.lists).flatMap(([list, listed]) => (listed === null ? [] : Array.isArray(listed) ? listed : [listed]).flatMap((entry) => {
      const read = asEntry(list, entry);
      if (read === null) return [row(`item.${list}`, entry)];
      if (this.named.has(keyOfEntry(read))) return [];
      return [row(`item.${list}`, list === "links" ? textFact(read.fields.address) : read)];
    }));
  }
}

const keyOfEntry = ({ list, fields }) => jcs({ list, fields });

/** Words of several lines are a quote. */
function worded(code, words, parts = [], number = null) {
  const pieces = words instanceof Run ? words.pieces : [words];
  return { ...row(code, words, parts, number), isQuote: pieces.some((piece) => isText(piece) && piece.includes("\n")) };
}

/** What stands for a link, a person or a number in a text. */
function shownFor(value) {
  if (!(value instanceof Entry)) return null;
  const { list, fields } = value;
  if (list !== "people") return textFact(list === "links" ? fields.address : fields.number);
  const known = [fields.name, fields.username, fields.id].filter((one) => one !== null);
  return known.length === 1 || fields.id === null ? textFact(known[0]) : value;
}

function isAlike(one, other) {
  if (isText(one) || isText(other) || one === null || other === null) return one === other;
  return one.constructor === other.constructor && JSON.stringify(one) === JSON.stringify(other);
}

// The words

/** The words for the code of a part: its own, or those of its last name, or that name itself. */
export function labelOf(say, code) {
  const [family, last] = [code.split(".")[0], code.split(".").at(-1)];
  return [`report.${code}`, `report.${family}.${last}`].map((key) => say.of(key)).find((text) => text !== undefined) ?? last;
}

/** A fact in words, each character as it is: whoever shows it makes it safe. */
export function inWords(say, value) {
  if (value === null || value === undefined) return say("report.nothing");
  if (value === WITHHELD_FACT) return say("report.value_withheld");
  if (value instanceof Code) return say.of(`${value.family}.${value.value}`) ?? value.value;
  if (value instanceof Moment) return toldTime(value.at);
  if (value instanceof CutPicture) return say("report.stripped", { bytes: value.bytes });
  if (value instanceof Run) return value.pieces.map((piece) => inWords(say, piece)).join("");
  if (value instanceof Entry) return entryInWords(say, value);
  return isText(value) ? value : jcs(value);
}

/** What the account holder chose goes last, so that nothing of ours follows it. */
function entryInWords(say, { list, fields }) {
  if (list === "numbers") return say("report.number", { kind: say(`number.${fields.kind}`), number: inWords(say, textFact(fields.number)) });
  const known = [fields.id, fields.username].filter((one) => one !== null).map((one) => inWords(say, textFact(one)));
  const shown = fields.name === null ? [] : [say("report.shown_as", { name: inWords(say, textFact(fields.name)) })];
  return [...known, ...shown].join(", ");
}
