/** How values are written: times, sizes, JSON, and texts whose invisible characters must not deceive. */

const two = (number, length = 2) => String(number).padStart(length, "0");

/** Epoch seconds as 21:56:02.113, in this machine's time zone. */
export function clock(seconds) {
  const date = new Date(seconds * 1000);
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${two(date.getMilliseconds(), 3)}`;
}

export function iso(seconds) {
  return new Date(seconds * 1000).toISOString();
}

export function duration(ms) {
  if (ms === null || ms === undefined) return "";
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(ms < 10000 ? 2 : 1)} s`;
}

/** How long ago, roughly: 5 s, 3 min, 2 h. */
export function ago(seconds) {
  const past = Math.max(0, Math.round(seconds));
  if (past < 60) return `${past} s`;
  return past < 3600 ? `${Math.floor(past / 60)} min` : `${Math.floor(past / 3600)} h ${Math.floor((past % 3600) / 60)} min`;
}

export function count(number, one, many = `${one}s`) {
  return `${number.toLocaleString("en")} ${number === 1 ? one : many}`;
}

/**
 * The text with its control characters written out: symbols for the old ones (␀, ␛), code points for those that turn
 * the direction of what follows. Line ends and tabs stay; joiners, which Persian and emoji need, do too.
 */
export function visible(text) {
  return text
    .replace(/[\0-\x08\x0b-\x1f]/g, (character) => String.fromCharCode(0x2400 + character.charCodeAt(0)))
    .replace(/\x7f/g, "␡")
    .replace(/[\x80-\x9f\u200b\u202a-\u202e\u2028\u2029\u2060\u2066-\u2069\ufeff]/g, (character) => `⟨U+${two(character.charCodeAt(0).toString(16).toUpperCase(), 4)}⟩`)
    .replace(/\p{Surrogate}/gu, "�");
}

/** One line of at most `limit` characters. */
export function line(text, limit = 240) {
  const start = text.slice(0, limit);
  return visible(start).replace(/\s+/g, " ") + (text.length > limit ? "…" : "");
}

/** A value on one line: texts as they are, the rest as JSON. */
export function brief(value, limit = 240) {
  return line(typeof value === "string" ? value : JSON.stringify(value) ?? "", limit);
}

/** A text or value over several lines; a text that is JSON is laid out. */
export function laidOut(value) {
  let held = value;
  if (typeof value === "string") {
    if (!/^\s*[[{]/.test(value)) return visible(value);
    try {
      held = JSON.parse(value);
    } catch {
      return visible(value);
    }
  }
  return visible(JSON.stringify(held, null, 2) ?? "");
}

/** JSON in parts, [kind, text], for colours; kind is "key", "text", "word" or "". */
export function parts(json) {
  const found = [];
  let end = 0;
  for (const match of json.matchAll(/("(?:[^"\\]|\\.)*")(\s*:)?|(?<=[\s[:,])(-?\d[\d.eE+-]*|true|false|null)(?=[\s,\]}]|$)/g)) {
    if (match.index > end) found.push(["", json.slice(end, match.index)]);
    const kind = match[3] ? "word" : match[2] ? "key" : "text";
    found.push([kind, match[1] ?? match[3]]);
    end = match.index + (match[1] ?? match[3]).length;
  }
  if (end < json.length) found.push(["", json.slice(end)]);
  return found;
}
