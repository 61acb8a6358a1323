// Moments are microseconds since 1970, as BigInt: a token may give them, and two are compared with all their digits.
export const MAX_SKEW = 60_000_000n;

/** A moment in the one form of times, cut to milliseconds. */
export function formatTime(moment) {
  const milliseconds = moment >= 0n ? moment / 1000n : (moment - 999n) / 1000n;
  return new Date(Number(milliseconds)).toISOString();
}

/** A time as people read it, to the second; with `up`, a bound from above is told as the next second. */
export function toldTime(text, { up = false } = {}) {
  const found = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)\.(\d{3})Z$/.exec(text ?? "");
  if (!found) return text ?? "";
  if (!up || found[3] === "000") return `${found[1]} ${found[2]} UTC`;
  const next = new Date(Math.floor(Date.parse(text) / 1000) * 1000 + 1000).toISOString();
  return `${next.slice(0, 10)} ${next.slice(11, 19)} UTC`;
}
