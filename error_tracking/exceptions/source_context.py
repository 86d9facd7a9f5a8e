"""The source lines around a frame, as its stack-frame record keeps them."""

MAX_LINE = 300
CUT_MARK = "...✂️"


def context(
    number: int | None, line: str | None, before: list[str], after: list[str]
) -> dict | None:
    """Lines with their numbers, in file order; None when the line or its number is unknown."""
    if number is None or line is None:
        return None
    first = number - len(before)
    return {
        "before": [numbered(max(first + n, 0), text) for n, text in enumerate(before)],
        "line": numbered(number, line),
        "after": [numbered(number + n, text) for n, text in enumerate(after, start=1)],
    }


def numbered(number: int, line: str) -> dict:
    return {"number": number, "line": line if len(line) <= MAX_LINE else line[:MAX_LINE] + CUT_MARK}
