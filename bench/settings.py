"""The server's settings, with the benchmarks' own routes beside the served ones."""

from posthog_clone.settings import *  # noqa: F403

ROOT_URLCONF = "bench.urls"
