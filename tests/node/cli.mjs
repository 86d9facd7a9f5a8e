// Calls tools of the unmodified @posthog/cli in one process, since each process of its own spends
// seconds on making the schemas of all its tools. Reads `[tool, arguments]` as JSON, one a line;
// answers each with a line: `{"answer": text}` or `{"error": text}`.
import { copyFileSync, appendFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const [program, folder] = process.argv.slice(2);
const copy = join(folder, "posthog-api-cli.mjs");
copyFileSync(program, copy);
appendFileSync(copy, "\nexport { buildExec };\n"); // what its `call` command runs

const write = process.stdout.write.bind(process.stdout);
process.argv = ["node", copy, "help"];
process.stdout.write = () => true;
const { buildExec } = await import(pathToFileURL(copy));
const { execTool, context } = await buildExec();
process.stdout.write = (...rest) => process.stderr.write(...rest);

for await (const line of createInterface({ input: process.stdin })) {
  const [tool, args] = JSON.parse(line);
  const command = `call --json --confirm ${tool} ${JSON.stringify(args)}`;
  const answer = await execTool.handler(context, { command }).then(
    (result) => ({ answer: typeof result === "string" ? result : JSON.stringify(result) }),
    (error) => ({ error: error.message }),
  );
  write(`${JSON.stringify(answer)}\n`);
}
process.exit();
