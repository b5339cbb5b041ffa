import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { LANGUAGES, createSpeaker, loadLanguage } from "../../site/js/i18n.js";

const SITE = new URL("../../site/", import.meta.url);
const read = (/** @type {string} */ path) => readFileSync(new URL(path, SITE), "utf-8");
const scripts = ["", "core/", "view/"].flatMap((folder) => readdirSync(new URL(`js/${folder}`, SITE))
  .filter((name) => name.endsWith(".js")).map((name) => read(`js/${folder}${name}`)));
const markup = read("index.html");
const english = await loadLanguage("en");

/** The placeholders of a text, or of each of its forms. @param {import("../../site/js/types.d.ts").Template} template */
const placeholders = (template) => (typeof template === "string" ? [template] : Object.values(template))
  .map((text) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort().join());

test("every file in lang/ is a language, and there is no other", () => {
  const files = readdirSync(new URL("js/lang/", SITE)).map((name) => name.replace(/\.js$/, ""));
  assert.deepEqual([...LANGUAGES.keys()].sort(), files.sort());
  assert.deepEqual([...LANGUAGES.values()], ["English", "فارسی"]);
});

for (const code of LANGUAGES.keys()) {
  const language = await loadLanguage(code);

  test(`${code} is complete: keys, plural forms and placeholders`, () => {
    assert.equal(language.code, code);
    assert.deepEqual(Object.keys(language.texts), Object.keys(english.texts));
    assert.deepEqual(Object.keys(language.errors), Object.keys(english.errors));
    const forms = new Intl.PluralRules(code).resolvedOptions().pluralCategories.sort();
    for (const [key, template] of Object.entries(language.texts)) {
      if (typeof template !== "string") assert.deepEqual(Object.keys(template).sort(), forms, key);
      for (const found of placeholders(template)) assert.equal(found, placeholders(english.texts[key])[0], key);
    }
  });

  test(`${code} writes numbers, times and lists by its own digits and words`, () => {
    const speak = createSpeaker(language, [code]);
    const digits = new Intl.NumberFormat(code).format(1234567890).replace(/\D/gu, "") === "" ? /[0-9]/ : /[۰-۹]/;
    const own = [...Object.values(language.texts).flatMap((template) => (typeof template === "string" ? [template] : Object.values(template))),
      ...Object.values(language.errors), speak.number(1234), speak.plain("heard_many", { count: 12 }),
      speak.exact(0), speak.ago(0, 120_000), speak.ago(0, 90_000_000), speak.day(0, 1e12)];
    assert.deepEqual(own.filter((text) => digits.test(text)), []);
  });
}

test("a text that a language does not have, as of another version, is its key", () => {
  const speak = createSpeaker({ ...english, texts: {} }, ["en"]);
  assert.equal(speak.plain("leave", { count: 1 }), "leave");
});

test("a text is there for every key that is asked for, and asked for if it is there", () => {
  const code = scripts.join("\n");
  const asked = new Set([
    ...[...code.matchAll(/\b(?:plain|parts)\("([\w-]+)"/g)].map(([, key]) => key),
    ...[...markup.matchAll(/\bdata-(?:text|label|hint)="([^"]+)"/g)].map(([, key]) => key),
  ]);
  assert.deepEqual([...asked].filter((key) => !(key in english.texts)), []);
  // What is put together, such as `link_${status}`, and what is chosen from among literals.
  const made = [...code.matchAll(/`([\w-]*)\$\{[^`{}]*\}([\w-]*)`/g)].filter(([, start, end]) => start + end !== "")
    .map(([, start, end]) => new RegExp(`^${start}.+${end}$`));
  const isUsed = (/** @type {string} */ key) => asked.has(key) || code.includes(`"${key}"`) || made.some((form) => form.test(key));
  assert.deepEqual(Object.keys(english.texts).filter((key) => !isUsed(key)), []);
});
