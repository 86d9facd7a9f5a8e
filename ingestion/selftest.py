"""One exception through the whole server, as a client sees it: sent over HTTP, read through the
API. Each step says what it shows; the first that fails names what is broken."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.client import HTTPException
from typing import Any

from uuid_utils.compat import uuid7

FINGERPRINT = "selftest"
READABLE_SECONDS = 20
SCOPES = ["error_tracking:read", "error_tracking:write", "query:read", "person:read"]


class StepFailed(Exception):
    """A step did not go as it should; the text says how."""


@dataclass
class SelfTest:
    url: str
    project_id: int
    project_token: str
    personal_api_key: str
    event_id: str = field(default_factory=lambda: str(uuid7()))
    issue_id: str = ""

    @property
    def distinct_id(self) -> str:
        return f"selftest-{self.event_id}"

    def steps(self) -> Iterator[tuple[str, Callable[[], str]]]:
        """Names and functions; a function returns what it saw or raises StepFailed."""
        yield "the server answers", self.server_answers
        yield "capture accepts an exception", self.capture_accepts
        yield "the event is readable", self.event_readable
        yield "its person is readable", self.person_readable
        yield "its issue is readable", self.issue_readable
        yield "its issue can be resolved", self.issue_resolved
        yield "the server says it keeps up", self.server_keeps_up

    def server_answers(self) -> str:
        status, _ = self.request("GET", "/_livez")
        return f"{self.url} answered {status}"

    def capture_accepts(self) -> str:
        status, answer = self.request("POST", "/batch/", self.batch())
        if status != 200:
            raise StepFailed(f"capture answered {status}: {answer}")
        return f"event {self.event_id}"

    def event_readable(self) -> str:
        started = time.monotonic()
        while True:
            status, event = self.read(f"events/{self.event_id}/")
            waited = time.monotonic() - started
            if status == 200:
                break
            if status != 404:
                raise StepFailed(f"the events API answered {status}: {event}")
            if waited > READABLE_SECONDS:
                raise StepFailed(
                    f"accepted, but not readable after {waited:.0f} s. Is a worker running? "
                    f"See {self.url}/_readyz and the dead letters in the admin."
                )
            time.sleep(0.05)
        self.issue_id = event["properties"].get("$exception_issue_id", "")
        if not self.issue_id:
            raise StepFailed(f"the event has no issue: {event['properties']}")
        return f"after {waited:.2f} s"

    def person_readable(self) -> str:
        status, page = self.read(f"persons/?distinct_id={self.distinct_id}")
        if status != 200 or not page["results"]:
            raise StepFailed(f"the persons API answered {status}: {page}")
        return f"person {page['results'][0]['uuid']}"

    def issue_readable(self) -> str:
        status, issue = self.read(f"error_tracking/issues/{self.issue_id}/")
        if status != 200:
            raise StepFailed(f"the issues API answered {status}: {issue}")
        return f"issue {issue['id']}, {issue['name']}: {issue['description']}"

    def issue_resolved(self) -> str:
        path = f"/api/environments/{self.project_id}/error_tracking/issues/{self.issue_id}/"
        status, issue = self.request("PATCH", path, {"status": "resolved"}, self.personal_api_key)
        if status != 200 or issue["status"] != "resolved":
            raise StepFailed(f"the issues API answered {status}: {issue}")
        return "so that it does not stay among the open ones"

    def server_keeps_up(self) -> str:
        status, state = self.request("GET", "/_readyz")
        if status != 200:
            raise StepFailed(f"/_readyz answered {status}: {state}")
        return f"{state['queued_events']} events wait"

    def read(self, path: str) -> tuple[int, Any]:
        path = f"/api/environments/{self.project_id}/{path}"
        return self.request("GET", path, key=self.personal_api_key)

    def request(
        self, method: str, path: str, body: dict | None = None, key: str | None = None
    ) -> tuple[int, Any]:
        """Status and answer, parsed where it is JSON. Raises StepFailed when there is none."""
        headers = {"Content-Type": "application/json"}
        if key:
            headers["Authorization"] = f"Bearer {key}"
        data = None if body is None else json.dumps(body).encode()
        try:
            request = urllib.request.Request(
                self.url + path, method=method, data=data, headers=headers
            )
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, parsed(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, parsed(error.read())
        except (OSError, ValueError, HTTPException) as error:
            raise StepFailed(f"no answer from {self.url}: {error}") from error

    def batch(self) -> dict:
        now = datetime.now(UTC).isoformat()
        exception = {
            "type": "SelfTestError",
            "value": "Sent by manage.py selftest",
            "mechanism": {"type": "generic", "handled": True},
            "stacktrace": {
                "type": "raw",
                "frames": [
                    {
                        "platform": "python",
                        "filename": "selftest.py",
                        "function": "batch",
                        "module": "selftest",
                        "lineno": 1,
                        "in_app": True,
                    }
                ],
            },
        }
        event = {
            "event": "$exception",
            "uuid": self.event_id,
            "distinct_id": self.distinct_id,
            "timestamp": now,
            "properties": {
                "$exception_list": [exception],
                "$exception_fingerprint": FINGERPRINT,
                "$lib": "selftest",
            },
        }
        return {"api_key": self.project_token, "batch": [event], "sent_at": now}


def parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body.decode("utf-8", "replace")
