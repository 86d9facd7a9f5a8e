"""Unmodified programs from PyPI, each in an environment of its own that uv makes and keeps."""

import os
import subprocess
import sys
from pathlib import Path

UV = Path(sys.executable).with_name("uv")
AIRBYTE = "airbyte-source-posthog==1.1.28"
DLT = "dlt==1.31.0"
MCPARMORY = "mcparmory-posthog==1.0.5"
PYTHON = "3.11"  # the newest that the connector runs on


def command(package: str, *arguments: str | Path) -> list[str]:
    """Runs a program of the package."""
    return [
        str(UV),
        *("tool", "run", "-q", "--python", PYTHON, "--from", package),
        *map(str, arguments),
    ]


def run(package: str, *arguments: str | Path, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        command(package, *arguments),
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=900,
    )
