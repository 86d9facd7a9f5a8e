"""The tools of the unmodified @posthog/cli (its JavaScript part), which agents call."""

import json
import os
import subprocess

import pytest

from tests.live import NODE

CLI = NODE / "node_modules" / "@posthog" / "cli" / "lib" / "posthog-api-cli.mjs"


def environment(server, home) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "POSTHOG_CLI_HOST": server.url,
        "POSTHOG_CLI_API_KEY": server.key,
        "POSTHOG_CLI_PROJECT_ID": str(server.project_id),
    }


@pytest.fixture(scope="session")
def running_cli(server, tmp_path_factory):
    home = tmp_path_factory.mktemp("cli")
    with subprocess.Popen(
        ["node", str(NODE / "cli.mjs"), str(CLI), str(home)],
        env=environment(server, home),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        process.stdin.close()


@pytest.fixture
def cli(running_cli):
    """Calls a tool and returns its answer."""

    def call(tool: str, **arguments):
        running_cli.stdin.write(json.dumps([tool, arguments]) + "\n")
        running_cli.stdin.flush()
        answer = json.loads(running_cli.stdout.readline())
        assert "error" not in answer, answer["error"]
        return json.loads(answer["answer"])

    return call
