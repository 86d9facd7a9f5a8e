"""Loaded before Django's settings: every test process gets a data directory of its own."""

import atexit
import os
import shutil
import tempfile

DATA_DIR = tempfile.mkdtemp(prefix="posthog-clone-test-")
os.environ["DATA_DIR"] = DATA_DIR
os.environ.pop("CLICKHOUSE_URL", None)  # the suite runs on embedded ClickHouse
atexit.register(shutil.rmtree, DATA_DIR, ignore_errors=True)
