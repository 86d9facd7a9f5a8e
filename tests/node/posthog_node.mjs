// What a Node.js backend does with posthog-node. Argument: a distinct id.
import { PostHog } from "posthog-node";

const [distinctId] = process.argv.slice(2);
const { POSTHOG_HOST: host, POSTHOG_TOKEN: token, POSTHOG_KEY: personalApiKey } = process.env;
const client = new PostHog(token, { host });
const errors = [];
client.on("error", (error) => errors.push(String(error)));

class OrderError extends Error {}

function priceOf(order) {
  return order.items.length;
}

function checkout() {
  try {
    return priceOf({});
  } catch (error) {
    throw new OrderError("no price", { cause: error });
  }
}

client.identify({ distinctId, properties: { email: "ben@example.com", $set_once: { source: "ad" } } });
client.capture({
  distinctId,
  event: "purchase",
  properties: { amount: 3 },
  groups: { company: `acme-${distinctId}` },
  timestamp: new Date(Date.now() - 60_000),
});
client.groupIdentify({
  groupType: "company",
  groupKey: `acme-${distinctId}`,
  properties: { employees: 11 },
});
client.alias({ distinctId, alias: `anonymous-${distinctId}` });
try {
  checkout();
} catch (error) {
  client.captureException(error, distinctId, { order: 7 });
}
client.captureException("just text", distinctId);
const flags = await client.getAllFlags(distinctId);
await client.shutdown();

const evaluator = new PostHog(token, { host, personalApiKey });
evaluator.on("error", (error) => errors.push(String(error)));
await evaluator.waitForLocalEvaluationReady();
await evaluator.shutdown();

console.log(JSON.stringify({ errors, flags }));
