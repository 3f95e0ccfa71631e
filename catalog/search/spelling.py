"""The words of names, so that a misspelled one is found: "tolkein" is close to "tolkien".

Each word is kept in two or three parts. Two words that differ by fewer errors than there are
parts share one of them unchanged, at nearly the same place; so looking up the parts of what was
typed, shifted by as much as errors can shift them, gives few candidates, whatever the number of
words. What is really close among them is measured (an error is a letter too many, missing, wrong,
or two neighbours swapped).

Words are added with the names that have them and stay until `reindex`: a word that nobody is
called any more finds nobody. So no writer ever waits for another one here.
"""

from collections.abc import Collection, Iterable, Iterator
from itertools import pairwise

from rapidfuzz import process
from rapidfuzz.distance import OSA

from catalog.search.backends import backend
from catalog.search.base import AUTHORS, PUBLISHERS

SHORTEST, LONGEST = 4, 30  # letters; shorter words have too many neighbours
LONG = 7  # letters; from here on two errors are forgiven
MOST_NEAR = 40  # words in place of one
MARKS = {AUTHORS: "a", PUBLISHERS: "p"}


def errors(letters: int) -> int:
    """How many errors are forgiven in a word."""
    return 0 if letters < SHORTEST else 1 if letters < LONG else 2


def parts(letters: int) -> list[tuple[int, int]]:
    """Where the parts of a word begin and end: one more than errors are forgiven."""
    number = errors(letters) + 1
    ends = [letters * place // number for place in range(number + 1)]
    return list(pairwise(ends))


def rows(table: str, words: Iterable[str]) -> list[tuple[str, str]]:
    """What is kept of these words: (part, word), in an order that is the same for everybody."""
    return sorted(
        (_key(table, len(word), place, word[start:end]), word)
        for word in set(words)
        if SHORTEST <= len(word) <= LONGEST and not word.startswith("_") and not word.isdigit()
        for place, (start, end) in enumerate(parts(len(word)))
    )


def add(table: str, documents: Iterable[str]) -> None:
    """Learn the words of these documents (each a line of words)."""
    learnt = rows(table, (word for line in documents for word in line.split(" ")))
    if learnt:
        backend().add_spellings(learnt)


def unknown(table: str, words: Iterable[str]) -> set[str]:
    """Of these words the ones that were never learnt."""
    kept = rows(table, words)
    known = set(backend().spelled([part for part, _word in kept])) if kept else set()
    return {word for _part, word in kept} - known


def near(table: str, words: Collection[str]) -> dict[str, dict[str, int]]:
    """For each word the ones that it may be meant to be, with the number of errors. One query."""
    keys = {word: set(_probes(table, word)) for word in words}
    wanted = set().union(*keys.values())
    if not wanted:
        return {word: {} for word in words}
    known = backend().spelled(sorted(wanted))
    return {word: _close(word, known) for word in words}


def _close(word: str, known: list[str]) -> dict[str, int]:
    found = process.extract(
        word, known, scorer=OSA.distance, score_cutoff=errors(len(word)), limit=None
    )
    close = {
        other: int(distance)
        for other, distance, _index in found
        if 0 < distance <= errors(min(len(word), len(other)))
    }
    return dict(sorted(close.items(), key=lambda item: (item[1], item[0]))[:MOST_NEAR])


def _key(table: str, letters: int, place: int, part: str) -> str:
    return f"{MARKS[table]}{letters:02}{place}{part}"


def _probes(table: str, word: str) -> Iterator[str]:
    """The keys under which a word close to this one must be found."""
    typed = len(word)
    if typed > LONGEST:
        return
    forgiven = errors(typed)
    for letters in range(max(SHORTEST, typed - forgiven), min(LONGEST, typed + forgiven) + 1):
        longer = typed - letters
        if abs(longer) > errors(min(letters, typed)):
            continue
        split = parts(letters)
        for place, (start, end) in enumerate(split):
            # Errors before the part shift it, and errors behind it must make up for the rest.
            after = len(split) - 1 - place
            for shift in range(max(-place, longer - after), min(place, longer + after) + 1):
                at = start + shift
                if 0 <= at <= typed - (end - start):
                    yield _key(table, letters, place, word[at : at + end - start])
        # Two letters swapped across the border of two parts harm both with one error.
        for place, (border, _end) in enumerate(split[1:], 1):
            for shift in {0, longer}:
                yield from _swapped(table, word, letters, split, place, border + shift)


def _swapped(
    table: str, word: str, letters: int, split: list[tuple[int, int]], place: int, at: int
) -> Iterator[str]:
    """The keys of the two parts beside a border, after swapping the letters beside `at`."""
    if not 0 < at < len(word):
        return
    word = f"{word[: at - 1]}{word[at]}{word[at - 1]}{word[at + 1 :]}"
    shift = at - split[place][0]
    for number in (place - 1, place):
        for moved in {0, shift}:
            start, end = (position + moved for position in split[number])
            if start >= 0 and end <= len(word):
                yield _key(table, letters, number, word[start:end])
