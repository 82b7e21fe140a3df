// The text items that pdf.js finds in PDFs, for the tests of runner/segments.py.
//
//   node items.mjs old|new paper.pdf   prints one line: [[[text, hasEOL], …], …], a list a page
//   node items.mjs old|new             reads lines of {"pdf": base64}, answers each with a line of
//                                      {"pages": …} or {"error": name}
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

// Drawing is not asked for, so empty shapes do. The rest is what 6.5 takes from Node 22 and later.
globalThis.DOMMatrix ??= class {};
globalThis.ImageData ??= class {};
globalThis.Path2D ??= class {};
Promise.withResolvers ??= function () {
  const parts = {};
  parts.promise = new this((resolve, reject) => Object.assign(parts, { resolve, reject }));
  return parts;
};
Promise.try ??= function (task, ...values) {
  return new this((resolve) => resolve(task(...values)));
};
console.warn = console.info = () => {};
const answer = (value) => process.stdout.write(JSON.stringify(value) + "\n");
console.log = () => {};

const [profile, path] = process.argv.slice(2);
const root = dirname(createRequire(import.meta.url).resolve(`pdfjs-${profile}/package.json`));
const { getDocument } = await import(pathToFileURL(join(root, "legacy/build/pdf.mjs")).href);

async function itemsOf(data) {
  const task = getDocument({
    data,
    cMapUrl: join(root, "cmaps") + "/",
    cMapPacked: true,
    standardFontDataUrl: join(root, "standard_fonts") + "/",
    wasmUrl: join(root, "wasm") + "/",
    verbosity: 0,
  });
  try {
    const document = await task.promise;
    const pages = [];
    for (let number = 1; number <= document.numPages; number++) {
      const page = await document.getPage(number);
      const content = await page.getTextContent({
        includeMarkedContent: false,
        disableNormalization: true,
      });
      pages.push(content.items.map((item) => [item.str, item.hasEOL]));
    }
    return pages;
  } finally {
    await task.destroy();
  }
}

if (path) {
  answer(await itemsOf(new Uint8Array(readFileSync(path))));
} else {
  for await (const line of createInterface({ input: process.stdin })) {
    const data = new Uint8Array(Buffer.from(JSON.parse(line).pdf, "base64"));
    answer(await itemsOf(data).then((pages) => ({ pages }), (error) => ({ error: error.name })));
  }
}
process.exit(0);
