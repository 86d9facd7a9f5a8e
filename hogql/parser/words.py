"""Going through the words of a query."""

from collections.abc import Callable
from typing import Any, NoReturn

from hogql.errors import HogQLSyntaxError
from hogql.parser.limits import MAX_DEPTH, MAX_NESTING, too_deep
from hogql.parser.tokens import Token, tokens


class WordReader:
    def __init__(self, text: str):
        self.text = text
        self.tokens = tokens(text)
        self.has_arrow = "->" in text
        self.position = 0
        self.nesting = 0
        self.depth = 0
        """Of what was read since the last `enter`."""

    @property
    def token(self) -> Token:
        return self.tokens[self.position]

    def ahead(self, count: int = 1) -> Token:
        return self.tokens[min(self.position + count, len(self.tokens) - 1)]

    def next(self) -> Token:
        token = self.tokens[self.position]
        if token.kind != "end":
            self.position += 1
        return token

    def at(self, key: str, *following: str) -> bool:
        """Whether the next tokens are these. Asked so often that it had better be quick."""
        if self.tokens[self.position].key != key:
            return False
        return all(self.ahead(count).key == other for count, other in enumerate(following, 1))

    def take(self, *keys: str) -> bool:
        if not self.at(*keys):
            return False
        self.position += len(keys)
        return True

    def take_one_of(self, *keys: str) -> str | None:
        return self.next().key if self.token.key in keys else None

    def expect(self, *keys: str) -> None:
        for key in keys:
            if not self.take(key):
                self.fail(f"'{key}'")

    def fail(self, expected: str) -> NoReturn:
        token = self.token
        shown = self.text[token.start : token.end] or token.text
        raise HogQLSyntaxError(
            f"mismatched input '{shown}' expecting {expected}", start=token.start, end=token.end
        )

    def name(self) -> str:
        if self.token.kind not in ("word", "quoted"):
            self.fail("a name")
        return self.next().text

    def text_literal(self) -> str:
        if self.token.kind != "string":
            self.fail("a string")
        return self.next().text

    def end(self) -> None:
        if self.token.kind != "end":
            self.fail("<EOF>")

    def placed(self, node: Any, start: int) -> Any:
        node.start, node.end = start, self.tokens[self.position - 1].end
        return node

    def separated(self, item: Callable[[], Any], *closing: str) -> list:
        """One or more items between commas; a comma at the end is passed over."""
        items = [item()]
        while self.take(","):
            if self.token.key in closing:
                break
            items.append(item())
        return items

    # How deep the tree gets

    def enter(self) -> int:
        """Begin a part of the tree. Returns what `leave` wants to know of the parts around it."""
        self.nesting += 1
        if self.nesting > MAX_NESTING:
            raise too_deep()
        around, self.depth = self.depth, 0
        return around

    def grow(self, levels: int = 1) -> None:
        """Put what was read since `enter` below another node."""
        self.depth += levels
        if self.depth > MAX_DEPTH:
            raise too_deep()

    def leave(self, around: int, levels: int = 1) -> None:
        self.nesting -= 1
        self.grow(levels)
        self.depth = max(around, self.depth)
