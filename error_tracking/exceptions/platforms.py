"""Raw frames of each platform but JavaScript's: what they hold and what is the app's own code."""

import re
import sys

from error_tracking.exceptions.images import address
from error_tracking.exceptions.readings import Reading
from error_tracking.exceptions.source_context import context
from error_tracking.exceptions.values import flag_field, lines_field, number_field, text_field

PYTHON_PACKAGE = re.compile(r"[/\\](?:site|dist)-packages[/\\]")
PYTHON_LIBRARY = re.compile(r"[/\\][Ll]ib[/\\]python\d+(?:\.\d+)?[/\\]")
# fmt: off
REMOVED_PYTHON_MODULES = {
    "aifc", "asynchat", "asyncore", "audioop", "cgi", "cgitb", "chunk", "crypt", "distutils",
    "imghdr", "imp", "lib2to3", "mailcap", "msilib", "nis", "nntplib", "ossaudiodev", "pipes",
    "smtpd", "sndhdr", "spwd", "sunau", "telnetlib", "uu", "xdrlib",
}
# fmt: on
PYTHON_MODULES = sys.stdlib_module_names | REMOVED_PYTHON_MODULES
"""Of every Python 3: what an app runs on needn't be what this server runs on."""
LANG_OF_SUFFIX = {
    "c": "c",
    "cc": "cpp",
    "cpp": "cpp",
    "cxx": "cpp",
    "go": "go",
    "h": "c",
    "kt": "kotlin",
    "m": "objectivec",
    "mm": "objectivecpp",
    "rs": "rust",
    "swift": "swift",
}


def python(raw: dict) -> Reading:
    reading = interpreted(raw, "python", module=text_field(raw, "module"))
    if reading.in_app and is_python_library(raw):
        reading.in_app = False
    return reading


def is_python_library(raw: dict) -> bool:
    """Whether the frame is clearly of the standard library or of an installed package."""
    filename = text_field(raw, "filename") or ""
    path = text_field(raw, "abs_path")
    top_module = (text_field(raw, "module") or "").partition(".")[0]
    if top_module in PYTHON_MODULES and (
        is_pseudo_file(filename) or (path is not None and is_pseudo_file(path))
    ):
        return True
    if path is None:
        return bool(PYTHON_PACKAGE.search(filename)) or top_module in PYTHON_MODULES
    return bool(
        PYTHON_PACKAGE.search(path)
        or PYTHON_LIBRARY.search(path)
        or PYTHON_PACKAGE.search(filename)
    )


def is_pseudo_file(path: str) -> bool:
    """`<frozen importlib._bootstrap>`, also when an SDK put a directory before it."""
    name = path[max(path.rfind("/"), path.rfind("\\")) + 1 :]
    return name.startswith("<") and name.endswith(">")


def ruby(raw: dict) -> Reading:
    return interpreted(raw, "ruby")


def php(raw: dict) -> Reading:
    return interpreted(raw, "php")


def interpreted(raw: dict, lang: str, module: str | None = None) -> Reading:
    """A frame whose names need no map, with the source lines around it."""
    name = text_field(raw, "function")
    filename = text_field(raw, "filename")
    line, text = number_field(raw, "lineno"), text_field(raw, "context_line")
    before, after = lines_field(raw, "pre_context"), lines_field(raw, "post_context")
    return Reading(
        lang=lang,
        mangled_name=name or "",
        identity=[text, filename, name, line or 0, module, *before, *after],
        resolved_name=name,
        line=line,
        column=number_field(raw, "colno"),
        source=filename,
        module=module,
        in_app=flag_field(raw, "in_app", True),
        context=context(line, text, before, after),
    )


def go(raw: dict) -> Reading:
    name, filename = text_field(raw, "function"), text_field(raw, "filename")
    line = number_field(raw, "lineno")
    return Reading(
        lang="go",
        mangled_name=name or "",
        identity=[filename, name, line or 0],
        resolved_name=name,
        line=line,
        source=filename,
        in_app=flag_field(raw, "in_app", True),
    )


def java(raw: dict) -> Reading:
    """Names may be shortened by ProGuard, so without the map of `map_id` they are unresolved."""
    name, filename = text_field(raw, "function"), text_field(raw, "filename")
    line, module = number_field(raw, "lineno"), text_field(raw, "module")
    map_id = text_field(raw, "map_id")
    return Reading(
        lang="java",
        mangled_name=name or "",
        identity=[filename, name, 0, line or 0, module],
        resolved=False,
        resolve_failure=(
            f"No proguard map uploaded for id: {map_id}" if map_id else "No map ID sent with frame"
        ),
        line=line,
        source=filename,
        module=module,
        in_app=flag_field(raw, "in_app", True),
        symbol_set_refs=(map_id,) if map_id else (),
    )


def dart(raw: dict) -> Reading:
    name, filename = text_field(raw, "function"), text_field(raw, "filename")
    line, column = number_field(raw, "lineno"), number_field(raw, "colno")
    path = text_field(raw, "abs_path")
    return Reading(
        lang="dart",
        mangled_name=name or "",
        identity=[path, filename, text_field(raw, "package"), name, line or 0, column or 0],
        resolved_name=name,
        line=line,
        column=column,
        source=path if path is not None else filename,
        in_app=flag_field(raw, "in_app", True),
    )


def apple(raw: dict) -> Reading:
    """Names are known from symbols alone, which only the debug file (dSYM) has."""
    reading = compiled(raw, "swift")
    reading.resolved = False
    if reading.symbol_set_refs:
        reading.resolve_failure = f"No dSYM uploaded for debug_id: {reading.symbol_set_refs[0]}"
    else:
        reading.resolve_failure = "No matching debug image found for frame"
    return reading


def native(raw: dict) -> Reading:
    reading = compiled(raw, "native")
    reading.resolved = reading.resolved_name is not None
    if reading.symbol_set_refs and not reading.resolved:
        debug_id = reading.symbol_set_refs[0]
        reading.resolve_failure = f"No debug symbols uploaded for debug_id: {debug_id}"
    return reading


def compiled(raw: dict, default_lang: str) -> Reading:
    name, filename = text_field(raw, "function") or None, text_field(raw, "filename")
    line, column = number_field(raw, "lineno"), number_field(raw, "colno")
    module, debug_id = text_field(raw, "module"), text_field(raw, "debug_id")
    suffix = filename.rpartition(".")[2] if filename else ""
    return Reading(
        lang=text_field(raw, "lang") or LANG_OF_SUFFIX.get(suffix, default_lang),
        mangled_name=name or "",
        identity=[*place_in_image(raw), name, filename, line or 0, column or 0, module],
        resolved_name=name,
        line=line,
        column=column,
        source=filename,
        module=module,
        in_app=flag_field(raw, "in_app", True),
        symbol_set_refs=(debug_id,) if debug_id and image_offset(raw) is not None else (),
    )


def place_in_image(raw: dict) -> list[str | None]:
    """The frame's place within its image: absolute addresses differ with each launch."""
    debug_id, offset = text_field(raw, "debug_id"), image_offset(raw)
    if debug_id and offset is not None:
        return [debug_id, f"+{offset:x}"]
    instruction, image = text_field(raw, "instruction_addr"), text_field(raw, "image_addr")
    distance = (address(instruction) or 0) - (address(image) or 0)
    if instruction is None or image is None or distance < 0:
        return [instruction]
    return [text_field(raw, "image_uuid"), f"+{distance:x}"]


def image_offset(raw: dict) -> int | None:
    return address(text_field(raw, "image_offset"))


def custom(raw: dict) -> Reading:
    """Frames of a platform that is not known here, or of one's own making."""
    platform = text_field(raw, "platform")
    lang = text_field(raw, "lang") or (platform if platform else "custom")
    reading = interpreted(raw, lang, module=text_field(raw, "module"))
    reading.resolved = flag_field(raw, "resolved", False)
    reading.identity += [reading.column or 0, lang, str(reading.resolved)]
    return reading
