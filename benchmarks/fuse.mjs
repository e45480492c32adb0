// Answer searches with Fuse.js as the site of before did in the browser: whole posts, the options of the Blowfish theme.
// Usage: node fuse.mjs POSTS.json; then a JSON string a line on standard input, an object {ms, keys} a line back.

import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import Fuse from "fuse.js";

const posts = JSON.parse(readFileSync(process.argv[2], "utf8"));
const started = performance.now();
const fuse = new Fuse(posts, {
  shouldSort: true,
  ignoreLocation: true,
  threshold: 0.0,
  includeMatches: true,
  keys: [
    { name: "title", weight: 0.8 },
    { name: "section", weight: 0.2 },
    { name: "summary", weight: 0.6 },
    { name: "content", weight: 0.4 },
  ],
});
console.log(JSON.stringify({ ms: performance.now() - started, keys: [] }));

for await (const line of createInterface({ input: process.stdin })) {
  const asked = performance.now();
  const found = fuse.search(JSON.parse(line));
  const ms = performance.now() - asked;
  console.log(JSON.stringify({ ms, keys: found.map((one) => one.item.key) }));
}
