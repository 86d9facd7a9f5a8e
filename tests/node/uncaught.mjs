// A Node.js program that dies of an exception nobody catches. Argument: a word for its message.
import { PostHog } from "posthog-node";

const [word] = process.argv.slice(2);
const { POSTHOG_HOST: host, POSTHOG_TOKEN: token } = process.env;
new PostHog(token, { host, enableExceptionAutocapture: true, flushAt: 1 });

function collapse() {
  throw new RangeError(`the end of ${word}`);
}

setTimeout(collapse, 50);
