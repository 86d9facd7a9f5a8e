"""The events that the load generator sends: synthetic exceptions of N issues, and pageviews."""

import gzip
import json
import random
from argparse import Namespace
from datetime import UTC, datetime

# Where the values that differ per event go in a template.
MARK_ID, MARK_TS, MARK_USER, MARK_TRACE = "\x01id\x01", "\x01ts\x01", "\x01us\x01", "\x01tr\x01"

WORDS = """
    account billing cart checkout client config context cursor customer database delivery document
    session invoice ledger order payment product profile queue record refund report request result
    retry schema search server shipment signal stock storage tenant ticket token transfer upload
    user vendor wallet webhook worker
""".split()  # noqa: SIM905
AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36"
MAX_CONTEXT_LINES = 5


def make_frames(rng: random.Random, issue: int, count: int, lines: int) -> list[dict]:
    """A stack, the outermost frame first; its inner half is the application's own code."""

    def code() -> str:
        return (
            f"        {rng.choice(WORDS)} = self.{rng.choice(WORDS)}.{rng.choice(WORDS)}"
            f"({rng.choice(WORDS)}_id, timeout={rng.randint(1, 90)})"
        )

    frames = []
    for index in range(count):
        in_app = index >= count // 2
        module = f"{rng.choice(WORDS)}.{rng.choice(WORDS)}"
        path = module.replace(".", "/") + ".py"
        folder = "/srv/app/" if in_app else "/usr/lib/python3.11/site-packages/"
        function = f"{rng.choice(WORDS)}_{rng.choice(WORDS)}"
        frames.append(
            {
                "platform": "python",
                "filename": path,
                "abs_path": folder + path,
                "module": module,
                "function": function + (f"_{issue}" if index == count - 1 else ""),
                "lineno": rng.randint(10, 900),
                "in_app": in_app,
                "pre_context": [code() for _ in range(lines)],
                "context_line": code(),
                "post_context": [code() for _ in range(lines)],
            }
        )
    return frames


class Issue:
    """What the events of one issue have in common."""

    def __init__(self, number: int, args: Namespace):
        self.number, self.args = number, args
        rng = random.Random(f"{args.salt}/{number}")
        word = rng.choice
        self.type = f"{word(WORDS).title()}{word(WORDS).title()}Error{number}"
        self.value = (
            f"{word(WORDS)} {word(WORDS)} failed while handling {word(WORDS)} number {number}"
        )
        self.transaction = f"/api/{word(WORDS)}/{word(WORDS)}/{number}/"
        self.crumbs = [
            {
                "type": "default",
                "category": word(["query", "http", "log"]),
                "level": "info",
                "timestamp": MARK_TS,
                "message": (
                    f"SELECT {word(WORDS)}.id FROM {word(WORDS)} WHERE {word(WORDS)}_id = %s"
                ),
            }
            for _ in range(4)
        ]
        self.release = f"shop@2.{number % 7}.0"
        self.environment = "staging" if number % 5 == 0 else "production"
        self.request = {
            "url": f"https://shop.example.com{self.transaction}",
            "method": "POST",
            "headers": {
                "Host": "shop.example.com",
                "User-Agent": AGENT,
                "Accept": "application/json",
            },
        }

    def frames(self, lines: int, variables: str) -> list[dict]:
        rng = random.Random(f"{self.args.salt}/f/{self.number}")
        frames = make_frames(rng, self.number, self.args.frames, lines)
        for frame in frames:
            frame[variables] = {"self": "<Handler>", "pk": str(self.number)}
        return frames

    def exception(self, stacktrace: dict, **mechanism) -> dict:
        return {
            "type": self.type,
            "value": self.value,
            "module": "shop.errors",
            "mechanism": {"type": "django", "handled": False, **mechanism},
            "stacktrace": stacktrace,
        }

    def sentry(self, lines: int, pad: str) -> dict:
        return {
            "event_id": MARK_ID,
            "timestamp": MARK_TS,
            "platform": "python",
            "level": "error",
            "logger": "shop.web",
            "server_name": "web-1",
            "release": self.release,
            "environment": self.environment,
            "transaction": self.transaction,
            "sdk": {"name": "sentry.python.django", "version": "2.19.0"},
            "user": {
                "id": MARK_USER,
                "email": MARK_USER + "@example.com",
                "ip_address": "127.0.0.1",
            },
            "tags": {"plan": "pro", "region": "eu-1", "shard": str(self.number % 8)},
            "request": self.request,
            "contexts": {
                "runtime": {"name": "CPython", "version": "3.11.9"},
                "trace": {
                    "trace_id": MARK_TRACE,
                    "span_id": "00f067aa0ba902b7",
                    "op": "http.server",
                },
            },
            "extra": {"pad": pad},
            "breadcrumbs": {"values": self.crumbs},
            "exception": {"values": [self.exception({"frames": self.frames(lines, "vars")})]},
        }

    def posthog(self, lines: int, pad: str) -> dict:
        stacktrace = {"type": "raw", "frames": self.frames(lines, "code_variables")}
        return {
            "uuid": MARK_ID,
            "event": "$exception",
            "distinct_id": MARK_USER,
            "timestamp": MARK_TS,
            "properties": {
                "distinct_id": MARK_USER,
                "$lib": "posthog-python",
                "$lib_version": "6.7.0",
                "$python_runtime": "CPython",
                "$python_version": "3.11.9",
                "$os": "Linux",
                "$os_version": "6.1",
                "$current_url": self.request["url"],
                "$request_method": "POST",
                "$request_headers": self.request["headers"],
                "$trace_id": MARK_TRACE,
                "$exception_level": "error",
                "$is_identified": True,
                "$geoip_disable": True,
                "environment": self.environment,
                "release": self.release,
                "plan": "pro",
                "region": "eu-1",
                "shard": str(self.number % 8),
                "server_name": "web-1",
                "transaction": self.transaction,
                "$exception_steps": self.crumbs,
                "pad": pad,
                "$exception_list": [self.exception(stacktrace, synthetic=False)],
            },
        }

    def event(self) -> str:
        """The issue's event as JSON, fitted to about --size bytes."""
        build = self.sentry if self.args.format == "sentry" else self.posthog

        def size(lines: int) -> int:
            return len(compact(build(lines, "")))

        lines = 0
        while lines < MAX_CONTEXT_LINES and size(lines + 1) <= self.args.size:
            lines += 1
        rng = random.Random(self.number)
        missing = max(0, self.args.size - size(lines))
        pad = "".join(rng.choice("abcdefghijklmnopqrstuvwxyz ") for _ in range(missing))
        return compact(build(lines, pad))


def make_pageview(number: int) -> str:
    """A page view with some 20 properties, as a browser sends it."""
    rng = random.Random(number)
    path = f"/{rng.choice(WORDS)}/{rng.choice(WORDS)}/{number}"
    return compact(
        {
            "uuid": MARK_ID,
            "event": "$pageview",
            "distinct_id": MARK_USER,
            "timestamp": MARK_TS,
            "properties": {
                "distinct_id": MARK_USER,
                "$lib": "web",
                "$lib_version": "1.434.18",
                "$os": rng.choice(["Linux", "Mac OS X", "Windows"]),
                "$browser": rng.choice(["Chrome", "Firefox", "Safari"]),
                "$browser_version": rng.randint(90, 150),
                "$device_type": rng.choice(["Desktop", "Mobile"]),
                "$current_url": f"https://shop.example.com{path}",
                "$host": "shop.example.com",
                "$pathname": path,
                "$screen_height": 1080,
                "$screen_width": 1920,
                "$viewport_height": 900,
                "$viewport_width": 1400,
                "$raw_user_agent": AGENT,
                "$timezone": "Europe/Paris",
                "$referrer": "$direct",
                "$referring_domain": "$direct",
                "$session_id": MARK_TRACE,
                "$window_id": MARK_TRACE,
                "title": f"{rng.choice(WORDS)} {rng.choice(WORDS)}",
            },
        }
    )


def compact(value: dict) -> str:
    return json.dumps(value, separators=(",", ":"))


def split_template(text: str) -> list[bytes | str]:
    """Bytes to send as they are and names of markers, in order; filled by one join per event."""
    parts: list[bytes | str] = [text.encode()]
    for mark in (MARK_ID, MARK_TS, MARK_USER, MARK_TRACE):
        written = json.dumps(mark)[1:-1].encode()
        split: list[bytes | str] = []
        for part in parts:
            if isinstance(part, str):
                split.append(part)
                continue
            for index, piece in enumerate(part.split(written)):
                if index:
                    split.append(mark)
                split.append(piece)
        parts = split
    return parts


class Payloads:
    """Makes requests for ever: every issue occurs once, then at random."""

    def __init__(self, args: Namespace):
        self.args, self.rng = args, random.Random(args.seed)
        numbers = range(args.issues)
        texts = (
            map(make_pageview, numbers)
            if args.pageviews
            else (Issue(number, args).event() for number in numbers)
        )
        self.templates = [split_template(text) for text in texts]
        self.weights = None
        if args.skew:
            total, self.weights = 0.0, []
            for number in numbers:
                total += 1 / (number + 1)
                self.weights.append(total)
        self.made = 0

    @property
    def events_per_request(self) -> int:
        in_batches = self.args.format == "posthog" and self.args.endpoint == "batch"
        return self.args.batch if in_batches else 1

    @property
    def path(self) -> str:
        if self.args.path:
            return self.args.path
        if self.args.format == "sentry":
            return f"/api/{self.args.project}/envelope/"
        return "/i/v0/e/" if self.args.endpoint == "i" else "/batch/"

    def next_template(self) -> list[bytes | str]:
        if self.made < self.args.issues:
            self.made += 1
            return self.templates[self.made - 1]
        if self.weights:
            return self.rng.choices(self.templates, cum_weights=self.weights)[0]
        return self.rng.choice(self.templates)

    def event(self) -> tuple[str, str, bytes]:
        """An event's id, time and JSON."""
        bits = self.rng.getrandbits(128) & ~(0xF << 76) | (4 << 76)
        event_id = f"{bits & ~(0x3 << 62) | (0x2 << 62):032x}"
        if self.args.format == "posthog":
            event_id = "-".join(
                [event_id[:8], event_id[8:12], event_id[12:16], event_id[16:20], event_id[20:]]
            )
        moment = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        values = {
            MARK_ID: event_id.encode(),
            MARK_TS: moment.encode(),
            MARK_USER: b"user-%d" % self.rng.randrange(self.args.users),
            MARK_TRACE: b"%032x" % self.rng.getrandbits(128),
        }
        parts = self.next_template()
        body = b"".join(part if isinstance(part, bytes) else values[part] for part in parts)
        return event_id, moment, body

    def request_body(self) -> bytes:
        args = self.args
        if args.format == "sentry":
            event_id, moment, body = self.event()
            head = {
                "event_id": event_id,
                "sent_at": moment,
                "dsn": f"http://{args.key}@{args.netloc}/{args.project}",
            }
            item = {"type": "event", "content_type": "application/json", "length": len(body)}
            return b"\n".join([compact(head).encode(), compact(item).encode(), body, b""])
        if args.endpoint == "i":
            return b'{"api_key":"%s",' % args.key.encode() + self.event()[2][1:]
        head = {
            "api_key": args.key,
            "historical_migration": False,
            "sent_at": datetime.now(UTC).isoformat(),
        }
        events = b",".join(self.event()[2] for _ in range(args.batch))
        return compact(head).encode()[:-1] + b',"batch":[%s]}' % events

    def request(self) -> tuple[bytes, int, int]:
        """The bytes of a whole HTTP request, its number of events, and its body's plain size."""
        body = self.request_body()
        plain_size = len(body)
        headers = [f"Host: {self.args.netloc}", "User-Agent: load/1", "Accept: */*"]
        if self.args.gzip:
            body = gzip.compress(body, 1)
            headers.append("Content-Encoding: gzip")
        if self.args.format == "sentry":
            headers.append("Content-Type: application/x-sentry-envelope")
            headers.append(
                "X-Sentry-Auth: Sentry sentry_version=7, sentry_client=load/1, "
                f"sentry_key={self.args.key}"
            )
        else:
            headers.append("Content-Type: application/json")
        headers += [*self.args.header, f"Content-Length: {len(body)}"]
        head = "\r\n".join([f"POST {self.path} HTTP/1.1", *headers, "", ""])
        return head.encode() + body, self.events_per_request, plain_size
