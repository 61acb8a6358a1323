// JSON in its one canonical form (RFC 8785), of texts, lists and objects with ASCII names.

export function jcs(value) {
  if (Array.isArray(value)) return `[${value.map(jcs).join(",")}]`;
  if (value === null || typeof value === "string") return JSON.stringify(value);
  const members = Object.keys(value).sort().map((name) => `${JSON.stringify(name)}:${jcs(value[name])}`);
  return `{${members.join(",")}}`;
}
