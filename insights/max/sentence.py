"""A question whose parts are taken out one after another as they are understood."""

import re
from dataclasses import dataclass

TAKEN = "\x00"
QUOTES = str.maketrans({"“": '"', "”": '"', "‘": "'", "’": "'", "→": ">"})
WORD = re.compile(r"[\w$./@+-]*[\w$]|\d")


@dataclass(frozen=True, slots=True)
class Word:
    text: str
    """In lower case."""
    start: int
    end: int


class Sentence:
    """`left` is the text in lower case, what was taken blotted out: nothing matches across it."""

    def __init__(self, text: str):
        self.text = text.translate(QUOTES)
        self.left = "".join(c.lower() if len(c.lower()) == 1 else c for c in self.text)

    def take(self, pattern: str | re.Pattern) -> re.Match | None:
        """Take the first part that matches out of the text."""
        if match := re.search(pattern, self.left):
            self.blot(*match.span())
        return match

    def has(self, pattern: str | re.Pattern) -> bool:
        return bool(re.search(pattern, self.left))

    def blot(self, start: int, end: int) -> None:
        self.left = self.left[:start] + TAKEN * (end - start) + self.left[end:]

    def raw(self, start: int, end: int) -> str:
        """The text as it was typed."""
        return self.text[start:end]

    def words(self) -> list[Word]:
        """What is left, word by word."""
        return [Word(m.group(), *m.span()) for m in WORD.finditer(self.left)]

    def runs(self) -> list[list[Word]]:
        """Words with nothing but blanks and hyphens between them."""
        runs: list[list[Word]] = []
        for word in self.words():
            if runs and not self.left[runs[-1][-1].end : word.start].strip(" -\t\n"):
                runs[-1].append(word)
            else:
                runs.append([word])
        return runs

    def words_from(self, position: int, most: int = 4) -> list[Word]:
        """The words from there on, up to what was taken or a mark."""
        for run in self.runs():
            found = [word for word in run if word.start >= position]
            if found:
                gap = self.left[position : found[0].start]
                return found[:most] if not gap.strip() else []
        return []
