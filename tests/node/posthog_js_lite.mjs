// What a small web client does with posthog-js-lite. Arguments: a distinct id.
import { PostHog } from "posthog-js-lite";

const [distinctId] = process.argv.slice(2);
const { POSTHOG_HOST: host, POSTHOG_TOKEN: token } = process.env;
const client = new PostHog(token, { host, persistence: "memory" });
const errors = [];
client.on("error", (error) => errors.push(String(error)));

const anonymousId = client.getDistinctId();
client.capture("visit", { page: "/" });
client.identify(distinctId, { email: "cleo@example.com" });
client.capture("login", { method: "link" });
client.captureException(new TypeError("no such page"), { page: "/missing" });
await client.reloadFeatureFlagsAsync();
await client.shutdown();

console.log(JSON.stringify({ errors, anonymousId, flags: client.getFeatureFlags() ?? null }));
