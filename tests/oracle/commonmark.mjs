// What the authors of CommonMark say, for the tests of runner/parse.py.
//
//   node commonmark.mjs examples   prints the specification's examples: [text, …]
//   node commonmark.mjs fences     reads [text, …], prints for each its fenced code blocks in the
//                                  reference parser: [[[line, info, content], …], …]
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const load = createRequire(import.meta.url);
const answer = (value) => process.stdout.write(JSON.stringify(value) + "\n");

function fencesOf(text, parser) {
  const found = [];
  const walker = parser.parse(text).walker();
  for (let step = walker.next(); step; step = walker.next()) {
    const node = step.node;
    if (step.entering && node.type === "code_block" && node._isFenced) {
      found.push([node.sourcepos[0][0], node.info ?? "", node.literal ?? ""]);
    }
  }
  return found;
}

if (process.argv[2] === "examples") {
  answer(load("commonmark-spec").tests.map((test) => test.markdown.replaceAll("→", "\t")));
} else {
  const { Parser } = load("commonmark");
  const parser = new Parser();
  answer(JSON.parse(readFileSync(0, "utf8")).map((text) => fencesOf(text, parser)));
}
