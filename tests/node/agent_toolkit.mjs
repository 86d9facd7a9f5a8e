// Calls tools of the unmodified @posthog/agent-toolkit. Argument: a JSON list of [tool, arguments];
// prints the answers, or what went wrong, in the same order.
import { PostHogAgentToolkit } from "@posthog/agent-toolkit/integrations/ai-sdk";

const calls = JSON.parse(process.argv[2]);
const toolkit = new PostHogAgentToolkit({
  posthogPersonalApiKey: process.env.POSTHOG_KEY,
  posthogApiBaseUrl: process.env.POSTHOG_HOST,
});
const tools = await toolkit.getTools();
const answers = [];
for (const [name, args] of calls) {
  try {
    const { content } = await tools[name].execute(args);
    answers.push(JSON.parse(content[0].text));
  } catch (error) {
    answers.push({ error: String(error) });
  }
}
console.log(JSON.stringify(answers));
