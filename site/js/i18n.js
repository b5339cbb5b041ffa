/**
 * Texts, numbers and times in the reader's language. Adding a language is one file in `lang/` and its code in `CODES`.
 *
 *     const speak = createSpeaker(await loadLanguage("fa"), navigator.languages);
 *     speak.parts("joined_line", { name: "Ada", count: 1 })   // -> [{ user: "Ada" }, " وارد شد"]
 */

/** @import { Language, Part, Speaker, Summary, Values } from "./types.js" */

/** A page cannot list a folder of its server. */
const CODES = ["en", "fa"];

/** Their own names for themselves. */
export const LANGUAGES = new Map(CODES.map((code) => [code, String(new Intl.DisplayNames(code, { type: "language" }).of(code))]));

/** So many minutes ago is told as that. */
const RECENT = 60;

const languageOf = (/** @type {string} */ tag) => tag.toLowerCase().split("-")[0];

/** @param {string} chosen earlier by the reader, or "" @param {readonly string[]} preferred the browser's list */
export function pickLanguage(chosen, preferred) {
  return [chosen, ...preferred].map(languageOf).find((code) => LANGUAGES.has(code)) ?? "en";
}

/** Only the language in use is fetched. @param {string} code @returns {Promise<Language>} */
export const loadLanguage = async (code) => (await import(`./lang/${code}.js`)).default;

/** The reader's region, where it speaks this language: en-GB and en-US write times differently. */
function localeFor(/** @type {string} */ code, /** @type {readonly string[]} */ preferred) {
  try {
    return Intl.getCanonicalLocales(preferred.find((tag) => languageOf(tag) === code) ?? code)[0];
  } catch {
    return code; // some systems report tags that are none, such as en-US@posix
  }
}

/** @param {Language} language @param {readonly string[]} preferred @returns {Speaker} */
export function createSpeaker(language, preferred) {
  const locale = localeFor(language.code, preferred);
  const plurals = new Intl.PluralRules(locale);
  const numbers = new Intl.NumberFormat(locale);
  const near = new Intl.RelativeTimeFormat(locale, { style: "short", numeric: "auto" });
  const nearDays = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
  const dated = (/** @type {Intl.DateTimeFormatOptions} */ options) => {
    const format = new Intl.DateTimeFormat(locale, options);
    return (/** @type {number} */ at) => (Number.isNaN(at) ? "" : format.format(at));
  };
  const lists = new Intl.ListFormat(locale);
  const clock = dated({ timeStyle: "short" });
  const days = dated({ weekday: "long", day: "numeric", month: "long" });

  /** @param {string} key @param {Values} values @returns {Part[]} */
  function parts(key, values = {}) {
    const template = language.texts[key] ?? key; // the file may be of another version than the page
    const text = typeof template === "string" ? template : template[plurals.select(Number(values.count ?? 0))] ?? template.other;
    return text.split(/\{(\w+)\}/).map((piece, index) => {
      const value = values[piece];
      if (index % 2 === 0) return piece;
      if (Array.isArray(value)) return value;
      return typeof value === "number" ? numbers.format(value) : { user: value };
    }).flat().filter((part) => part !== "");
  }

  /** Who came or went at once: some by name, the others counted. @param {Summary} summary @returns {Part[]} */
  function summary({ event, clients, total }) {
    const others = total - clients.length;
    const listed = clients.map((user) => /** @type {Part[]} */ ([{ user }]));
    if (others > 0) listed.push(parts("others", { count: others }));
    const places = lists.formatToParts(listed.map((_, index) => String(index)));
    const names = places.flatMap(({ type, value }) => (type === "element" ? listed[Number(value)] : [value]));
    return parts(`${event}_line`, { name: names, count: total });
  }

  return {
    language,
    parts,
    plain: (key, values) =>
      parts(key, values).map((part) => (typeof part === "string" ? part : `\u2068${part.user}\u2069`)).join(""),
    number: (value) => numbers.format(value),
    ago(at, now) {
      const minutes = Math.floor((now - at) / 60_000);
      if (!(minutes >= -1 && minutes < RECENT)) return clock(at);
      return minutes < 1 ? near.format(0, "second") : near.format(-minutes, "minute");
    },
    exact: dated({ dateStyle: "full", timeStyle: "medium" }),
    day(at, now) {
      const ago = Math.round((new Date(now).setHours(12, 0, 0, 0) - new Date(at).setHours(12, 0, 0, 0)) / 86_400_000);
      return ago === 0 || ago === 1 ? nearDays.format(-ago, "day") : days(at);
    },
    error: (code, fallback) => new Map(Object.entries(language.errors)).get(code) ?? (fallback || code),
    line: ({ told, content }) => (told ? summary(told) : [{ user: content }]),
    summary: (told) => told.flatMap((one, index) => (index === 0 ? summary(one) : [...parts("and_then"), ...summary(one)])),
  };
}
