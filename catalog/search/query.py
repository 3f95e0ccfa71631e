"""What a person typed into the search box, taken apart."""

from dataclasses import dataclass

from catalog.isbn import search_forms
from catalog.search.documents import text_words
from catalog.text import sort_key

MOST_WORDS = 12
LONGEST_TEXT = 200
SHORTEST_NUMBER = 4  # digits; shorter ones are words like any other


@dataclass(frozen=True)
class Query:
    """Whole words, the word that may still be being typed, ISBNs, the text as a title files."""

    words: tuple[str, ...] = ()
    prefix: str = ""
    isbns: tuple[str, ...] = ()
    key: str = ""

    def __bool__(self) -> bool:
        return bool(self.key)

    @property
    def all_words(self) -> tuple[str, ...]:
        return (*self.words, self.prefix) if self.prefix else self.words

    @property
    def number(self) -> str:
        """Digits alone in the box: a number in a title, or the beginning of an ISBN."""
        return self.prefix if not self.words and _is_number(self.prefix) else ""


def _is_number(word: str) -> bool:
    return len(word) >= SHORTEST_NUMBER and word.isascii() and word.isdigit()


def parse(text: str) -> Query:
    """Take the text apart. An ISBN may stand alone or among words, in any of its forms."""
    text = text.strip()[:LONGEST_TEXT]
    if not text:
        return Query()
    if forms := search_forms(text):
        # Digits may be a word of a title as well; with hyphens they are an ISBN and nothing else.
        return Query(
            prefix=text if _is_number(text) else "", isbns=tuple(forms), key=sort_key(text)
        )
    isbns: list[str] = []
    rest: list[str] = []
    for part in text.split():
        forms = search_forms(part) if sum(map(str.isdigit, part)) >= 9 else []
        if forms:
            isbns += forms
        else:
            rest.append(part)
    found = list(dict.fromkeys(text_words(" ".join(rest))))[:MOST_WORDS]
    prefix = found.pop() if found else ""
    if found and _is_number(prefix):
        # Half of all ISBNs begin alike: a number among words is a whole one.
        found.append(prefix)
        prefix = ""
    return Query(tuple(found), prefix, tuple(isbns), sort_key(text))
