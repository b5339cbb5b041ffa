/** What stands in an avatar. */
import assert from "node:assert/strict";
import test from "node:test";

import { hueOf, initials } from "../../site/js/core/faces.js";

test("the initials are those of the first two words, each a letter as one sees it", () => {
  const faces = {
    "ada": "A", "Ada Lovelace": "A\u200cL", "  ravi   menon the third": "R\u200cM", "مریم میرزاخانی": "م\u200cم",
    "👩🏽‍🚀 Ripley": "👩🏽‍🚀\u200cR", "e\u0301mile": "E\u0301", "🇮🇷": "🇮🇷", "7 up": "7\u200cU", "": "",
  };
  for (const [name, letters] of Object.entries(faces)) assert.equal(initials(name), letters);
});

test("a name always has the same colour, and many names have many", () => {
  const hues = new Set(Array.from({ length: 200 }, (_, number) => hueOf(`person ${number}`)));
  assert.equal(hueOf("Ada"), hueOf("Ada"));
  assert.equal(hues.size, 12);
  for (const hue of hues) assert.ok(hue >= 0 && hue < 360 && hue % 30 === 0);
});
