"""The project's settings, with a data directory of its own for every test process."""

import atexit
import os
import shutil
import tempfile

DATA_DIR = tempfile.mkdtemp(prefix="posthog-clone-test-")
os.environ["DATA_DIR"] = DATA_DIR
os.environ.pop("CLICKHOUSE_URL", None)  # the suite runs on embedded ClickHouse
atexit.register(shutil.rmtree, DATA_DIR, ignore_errors=True)

from posthog_clone.settings import *  # noqa: E402, F403
