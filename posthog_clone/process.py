"""What a server process asks of Python and of the C library."""

import ctypes
import gc
import os
import sys
from typing import NoReturn

M_ARENA_MAX = -8


def tune() -> None:
    """Set a process up to serve: call it once everything is imported."""
    # Events are trees of small objects without cycles. Python's defaults would search them, and
    # all that was ever imported, for cycles thousands of times a minute.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    # Dozens of threads with a heap each would keep many times what they use.
    call_c("mallopt", M_ARENA_MAX, 2)


def trim() -> None:
    """Give freed memory back to the system."""
    call_c("malloc_trim", 0)


def leave() -> NoReturn:
    """End the process, with 0, once all is done. The interpreter would take everything apart
    first, and the embedded engine may crash when it is taken apart."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def call_c(name: str, *arguments: int) -> None:
    """Call a function of the C library, if this one has it (glibc does)."""
    function = getattr(ctypes.CDLL(None), name, None)
    if function:
        function(*arguments)
