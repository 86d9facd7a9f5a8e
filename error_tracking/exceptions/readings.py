"""What was read from one raw frame, whatever its platform."""

import hashlib
from dataclasses import dataclass, field


@dataclass(slots=True)
class Reading:
    lang: str
    mangled_name: str
    identity: list[str | int | None]
    """What tells this frame from others: its hash is the frame's raw id."""
    resolved_name: str | None = None
    resolved: bool = True
    resolve_failure: str | None = None
    line: int | None = None
    column: int | None = None
    source: str | None = None
    module: str | None = None
    in_app: bool = True
    synthetic: bool = False
    suspicious: bool = False
    """Likely to be code of PostHog's own SDK."""
    context: dict | None = None
    symbol_set_refs: tuple[str, ...] = field(default=())
    """Where a map for the frame may be found, best first."""

    def contents(self, raw_id: str) -> dict:
        """The processed frame as events store it: absent rather than null."""
        contents = {
            "raw_id": raw_id,
            "mangled_name": self.mangled_name,
            "line": self.line,
            "column": self.column,
            "source": self.source,
            "module": self.module,
            "in_app": self.in_app,
            "resolved_name": self.resolved_name,
            "lang": self.lang,
            "resolved": self.resolved,
            "resolve_failure": self.resolve_failure,
            "synthetic": self.synthetic,
            "suspicious": self.suspicious,
        }
        return {key: value for key, value in contents.items() if value is not None}


def digest(identity: list[str | int | None]) -> str:
    """SHA-512 over the parts: texts as UTF-8, numbers as four bytes, absent ones left out."""
    parts = [
        part.to_bytes(4, "big") if isinstance(part, int) else part.encode()
        for part in identity
        if part is not None
    ]
    return hashlib.sha512(b"".join(parts)).hexdigest()
