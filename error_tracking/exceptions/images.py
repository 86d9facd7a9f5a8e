"""Binary images: which one a native frame's address lies in, and where in it.

SDKs send them with the event, in `$debug_images`. Addresses differ with each launch; an image's id
and the offset within are the same for all that run one build.
PostHog: rust/cymbal/src/core/types/langs/native.rs.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from error_tracking.exceptions.values import text_field

PLATFORMS = {"apple", "native", "rust"}
MAX_IMAGES = 10_000


class Image(NamedTuple):
    debug_id: str
    start: int
    end: int
    """Equal to `start` when the size is not known."""


def read_images(properties: dict[str, Any]) -> list[Image]:
    raw_images = properties.get("$debug_images")
    if not isinstance(raw_images, list):
        return []
    found = (read_image(raw) for raw in raw_images[:MAX_IMAGES] if isinstance(raw, dict))
    return [image for image in found if image]


def read_image(raw: dict) -> Image | None:
    debug_id, start = text_field(raw, "debug_id"), address(text_field(raw, "image_addr"))
    size = raw.get("image_size")
    if not debug_id or start is None:
        return None
    known = isinstance(size, int) and not isinstance(size, bool) and size > 0
    return Image(debug_id, start, start + size if known else start)


def place_frames(raw_frames: list, images: Sequence[Image]) -> list:
    """The frames; native ones with `debug_id` and `image_offset` where an image has them.

    Those that the client has expanded, by frames marked inline after them, stay as they are.
    """
    if not images:
        return raw_frames
    following = [*raw_frames[1:], None]
    return [
        place_frame(raw, images) if is_native(raw) and not is_expanded(raw, after) else raw
        for raw, after in zip(raw_frames, following, strict=True)
    ]


def is_native(raw: Any) -> bool:
    return isinstance(raw, dict) and raw.get("platform") in PLATFORMS


def is_expanded(raw: dict, after: Any) -> bool:
    if raw.get("inline") is True:
        return True
    return (
        isinstance(after, dict)
        and after.get("inline") is True
        and after.get("instruction_addr") == raw.get("instruction_addr")
    )


def place_frame(raw: dict, images: Sequence[Image]) -> dict:
    instruction = address(text_field(raw, "instruction_addr"))
    if instruction is None:
        return raw
    own = address(text_field(raw, "image_addr"))
    for image in images:
        if image.start == own or image.start <= instruction < image.end:
            if instruction < image.start:
                break
            return {
                **raw,
                "debug_id": image.debug_id,
                "image_offset": f"{instruction - image.start:x}",
            }
    return raw


def address(text: str | None) -> int | None:
    """A hexadecimal address of 64 bits, with or without `0x`."""
    if text is None or len(text) > 32:
        return None
    try:
        value = int(text, 16)
    except ValueError:
        return None
    return value if 0 <= value < 2**64 else None
