// Bundles bundle/main.ts as a build does, minified and with a source map, and marks it with a chunk
// id as the symbol CLI does. Arguments: the folder for app.js and app.js.map, and the chunk id.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";

const [folder, chunkId] = process.argv.slice(2);
const outfile = join(folder, "app.js");
await build({
  entryPoints: ["bundle/main.ts"],
  bundle: true,
  minify: true,
  sourcemap: true,
  outfile,
  logLevel: "warning",
});
const snippet =
  `;(function(w){try{var s=new w.Error().stack;if(s){` +
  `(w._posthogChunkIds=w._posthogChunkIds||{})[s]=${JSON.stringify(chunkId)}}}catch(_){}})(window);`;
const script = `${snippet}\n${readFileSync(outfile, "utf8")}\n//# chunkId=${chunkId}\n`;
const map = JSON.parse(readFileSync(`${outfile}.map`, "utf8"));
writeFileSync(outfile, script);
writeFileSync(
  `${outfile}.map`,
  JSON.stringify({ ...map, mappings: `;${map.mappings}`, chunk_id: chunkId }),
);
console.log(JSON.stringify({ sources: map.sources, lines: script.split("\n").length }));
