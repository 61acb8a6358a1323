// The JSON Schemas of a bundle (draft 2020-12), of the keywords that they use. The schemas are this page's own.
// A keyword that is not known here is an error of ours, never a pass.
import { has, isObject, isText } from "./canonical.js";
import { refuse } from "./refuse.js";
import { tables } from "./tables.js";

const NOTES = new Set(["$schema", "$id", "$defs", "title", "description"]);
const TYPES = { string: isText, null: (value) => value === null, array: Array.isArray, object: isObject };
const compiled = new Map();

export const schemaOf = (name) => JSON.parse(tables.schemaTexts[name]);

/** Check a value against a schema. */
export function requireSchema(value, name, where) {
  if (!compiled.has(name)) compiled.set(name, compileAll(schemaOf(name)));
  const odd = compiled.get(name)(value);
  if (odd !== null) refuse("records.of_another_form", { where: `${where}${odd}`, expected: name, found: "" });
}

function compileAll(root) {
  const named = new Map();
  for (const [name, schema] of Object.entries(root.$defs ?? {})) named.set(name, compile(schema, named));
  return compile(root, named);
}

/** A function that gives null where a value fits, or where in it something does not. */
function compile(schema, named) {
  const parts = Object.keys(schema).filter((keyword) => !NOTES.has(keyword)).map((keyword) => {
    const make = KEYWORDS[keyword];
    if (!make) throw new TypeError(`unknown keyword: ${keyword}`);
    return make(schema, named);
  });
  return (value) => {
    for (const part of parts) {
      const odd = part(value);
      if (odd !== null) return odd;
    }
    return null;
  };
}

const when = (fits) => (value) => (fits(value) ? null : "");

const KEYWORDS = {
  $ref: ({ $ref }, named) => {
    const name = $ref.replace("#/$defs/", "");
    return (value) => named.get(name)(value);
  },
  type: ({ type }) => {
    const [is, ...others] = [type].flat().map((name) => TYPES[name]);
    return when((value) => is(value) || others.some((isToo) => isToo(value)));
  },
  const: ({ const: wanted }) => when((value) => value === wanted),
  enum: ({ enum: those }) => when((value) => those.includes(value)),
  pattern: ({ pattern }) => {
    const expression = new RegExp(pattern, "u");
    return when((value) => expression.test(value));
  },
  minLength: ({ minLength }) => when((value) => [...value].length >= minLength),
  properties: ({ properties }, named) => {
    const parts = new Map(Object.entries(properties).map(([name, inner]) => [name, compile(inner, named)]));
    return (value) => firstOdd(Object.keys(value), (name) => (parts.has(name) ? parts.get(name)(value[name]) : null));
  },
  required: ({ required }) => when((value) => required.every((name) => has(value, name))),
  additionalProperties: ({ additionalProperties: inner, properties = {} }, named) => {
    const known = new Set(Object.keys(properties));
    if (inner === false) return (value) => firstOdd(Object.keys(value), (name) => (known.has(name) ? null : ""));
    const part = compile(inner, named);
    return (value) => firstOdd(Object.keys(value), (name) => (known.has(name) ? null : part(value[name])));
  },
  propertyNames: ({ propertyNames }, named) => {
    const part = compile(propertyNames, named);
    return (value) => firstOdd(Object.keys(value), (name) => part(name));
  },
  items: ({ items }, named) => {
    const part = compile(items, named);
    return (value) => firstOdd(value, part);
  },
  uniqueItems: ({ uniqueItems }) => when((value) => !uniqueItems || new Set(value).size === value.length),
  anyOf: ({ anyOf }, named) => {
    const parts = anyOf.map((inner) => compile(inner, named));
    return when((value) => parts.some((part) => part(value) === null));
  },
  not: ({ not }, named) => {
    const part = compile(not, named);
    return when((value) => part(value) !== null);
  },
};

function firstOdd(those, part) {
  for (let at = 0; at < those.length; at++) {
    const odd = part(those[at]);
    if (odd !== null) return `/${isText(those[at]) ? those[at].slice(0, 80) : at}${odd}`;
  }
  return null;
}
