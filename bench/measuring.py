"""What the load generator watches: latencies, memory, CPU, disk and the number of stored events."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Usage:
    """Of some processes and all their descendants."""

    processes: int = 0
    rss: int = 0
    pss: int = 0
    cpu_seconds: float = 0.0


def descendants(pids: list[int]) -> list[int]:
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            fields = (folder / "stat").read_text().rsplit(")", 1)[1].split()
            children.setdefault(int(fields[1]), []).append(int(folder.name))
    todo, seen = list(pids), []
    while todo:
        pid = todo.pop()
        if pid not in seen:
            seen.append(pid)
            todo += children.get(pid, [])
    return seen


def usage(pids: list[int]) -> Usage:
    count = rss = pss = 0
    cpu = 0.0
    for pid in descendants(pids):
        with contextlib.suppress(OSError):  # a process may end while we look
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            # Its own user and system time, and those of children it has waited for.
            cpu += sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Rss:"):
                    rss += int(line.split()[1]) * 1024
                elif line.startswith("Pss:"):
                    pss += int(line.split()[1]) * 1024
            count += 1
    return Usage(count, rss, pss, cpu)


def allocated_bytes(paths: list[str]) -> int:
    """Of the files, and of those in the folders; what goes away meanwhile is passed over."""
    total = 0
    for path in map(Path, paths):
        found = [path] if path.is_file() else files_in(path)
        for file in found:
            with contextlib.suppress(OSError):
                total += file.lstat().st_blocks * 512
    return total


def files_in(folder: Path) -> Iterator[Path]:
    for inner, _, names in os.walk(folder):
        yield from (Path(inner, name) for name in names)


def stored_events(command: str) -> int | None:
    """The last number that the shell command prints."""
    done = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=60)
    words = done.stdout.split()
    return int(words[-1]) if words and words[-1].lstrip("-").isdigit() else None


def summary(seconds: list[float]) -> dict[str, float | None]:
    """Percentiles in milliseconds."""
    ordered = sorted(seconds)

    def percentile(share: float) -> float | None:
        if not ordered:
            return None
        return round(ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000, 2)

    shares = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "p999": 0.999, "max": 1}
    mean = round(sum(ordered) / len(ordered) * 1000, 2) if ordered else None
    return {**{name: percentile(share) for name, share in shares.items()}, "mean": mean}
