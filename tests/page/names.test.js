import assert from "node:assert/strict";
import { test } from "node:test";
import { checkName, trim } from "../../site/js/core/names.js";
import { LIMITS, lengthOf } from "../../site/js/core/protocol.js";
import vectors from "../vectors/names.json" with { type: "json" };

/** A text, or pieces of one and how often each comes. @param {any} text */
const whole = (text) => (typeof text === "string" ? text : text.map((/** @type {[string, number]} */ [piece, times]) => piece.repeat(times)).join(""));

for (const kind of /** @type {const} */ (["client", "room"])) {
  test(`the name of a ${kind} is judged as the server judges it`, () => {
    for (const vector of vectors.names) {
      const expected = /** @type {{value?: any, code?: string}} */ (vector[kind]);
      const wanted = expected.code ? { code: expected.code } : { value: whole(expected.value) };
      assert.deepEqual(checkName(kind, whole(vector.text)), wanted, JSON.stringify(vector.text));
    }
  });
}

test("a message is trimmed and measured as the server does it", () => {
  for (const { text, value, code } of vectors.contents) {
    const content = trim(whole(text));
    const isTooLong = lengthOf(content) > LIMITS.content;
    assert.equal(isTooLong, code === "content_too_long", JSON.stringify(text));
    if (!isTooLong) assert.equal(content, whole(value));
  }
});
