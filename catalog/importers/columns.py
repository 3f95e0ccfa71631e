"""What each column of a file means, by its heading and by what stands in it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from catalog.importers import headers, known
from catalog.importers.counts import Counts
from catalog.importers.fields import FIELDS, IGNORE
from catalog.importers.values import currency

_LEAST: Final = 0.4  # confidence from which a column is used
_SHAPED: Final = 0.25  # the fit of values under “ISBN” that look like ISBNs and are none
_SLIPS: Final = {
    ";": "split_semicolon", ",": "split_comma", "|": "split_bar", "&": "split_ampersand",
    "/": "split_slash", "\n": "split_line",
}  # fmt: skip
_PEOPLE: Final = ("authors", "author_sort", "editor", "translator", "illustrator")


@dataclass
class ColumnGuess:
    index: int
    header: str
    field: str
    confidence: float  # 0 to 1
    samples: list[str]
    verdict: list[dict[str, Any]]  # code and params, as messages.sentence() takes them
    options: dict[str, Any]  # for rows.RowReader


# --- From counts to fields ------------------------------------------------------------------
def _by_content(column: Counts) -> dict[str, float]:
    """How much a column looks like each field, without its heading."""
    scores: dict[str, float] = {}
    if not column.filled:
        return scores
    share = column.share
    valid = share(column.isbn_valid)
    if valid > 0.4 or (share(column.thirteens) > 0.6 and column.thirteens):
        scores["isbn"] = max(valid, share(column.thirteens))
        return scores
    numbers = share(column.integers)
    if column.years and share(column.years) > 0.8 and column.sequence < 0.8 * column.filled:
        scores["year"] = 0.6 + 0.35 * share(column.years)
    elif numbers < 0.5 and column.dated > 0.7 and column.date_ok > 0.5 * column.filled:
        full = column.date_full / max(1, column.date_ok)
        scores["published_on" if full > 0.5 else "year"] = 0.5 + 0.3 * column.dated
    if numbers > 0.9 and column.sequence > 0.8 * (column.filled - 1) > 0:
        scores["row_number"] = 0.8
    if share(column.lang_common) > 0.7 and len(column.distinct) < max(5, 0.5 * column.filled):
        scores["language"] = 0.5 + 0.4 * share(column.lang_common)
    if column.tested and share(column.texts) > 0.6:
        if (money := column.money / column.tested) > 0.6:
            scores["price"] = 0.5 + 0.4 * money
        if (paged := column.paged / column.tested) > 0.6:
            scores["pages"] = 0.5 + 0.4 * paged
    if column.tested and share(column.texts) > 0.6 and not scores and not column.urls:
        scores |= _by_words(column)
    return scores


def _by_words(column: Counts) -> dict[str, float]:
    """Which kind of text a column holds: titles, names, publishers, descriptions."""
    texts = column.tested
    namelike, function, firm, given = (
        count / texts
        for count in (
            column.namelike, column.function_words, column.publishing, column.given_names,
        )
    )  # fmt: skip
    if column.longest > 0.3 * texts or column.length / texts > 150:
        return {"description": 0.6}
    inverted = column.commas_inverted / texts
    scores = {
        "authors": 0.35 * namelike + 0.7 * min(1.0, 1.6 * given) + 0.2 * inverted
        - 0.7 * firm - 0.5 * function,
        "publisher": min(0.9, 0.2 + 1.1 * firm + 0.4 * column.repeats)
        - 0.5 * function - 0.7 * given - (0.3 if firm < 0.1 else 0),
        "title": 0.45 + 0.5 * min(1.0, 1.8 * function) - 0.5 * given - 0.6 * firm
        - 0.6 * column.repeats - 0.2 * inverted,
    }  # fmt: skip
    return {field: min(0.95, score) for field, score in scores.items() if score > 0}


def _fit(column: Counts, field: str) -> float:
    """Does what stands in a column allow what its heading says? 1 if all of it does."""
    if not column.filled:
        return 0.0
    share = column.share
    if field == "isbn":
        valid = share(column.isbn_valid) if column.isbn_tried else 0.0
        # Rejected rows that come back have wrong ISBNs only: dropping them would hide the mistakes.
        return max(valid, _SHAPED) if share(column.isbn_tried) > 0.6 else valid
    if field in ("year", "published_on"):
        unknown = max(0, column.texts - column.date_ok - column.date_bad)
        serial = column.serials if field == "published_on" or _is_serial(column) else 0
        return min(1.0, column.dated * share(column.date_ok + unknown) + share(serial)) or 0.05
    if field == "language":
        said = column.lang_ok + column.lang_bad
        return column.lang_ok / said if said else 0.0
    if field == "pages":
        return (
            min(1.0, share(column.integers + column.texts))
            if column.integers
            else share(column.paged)
        )
    if field in ("price", "row_number"):
        return min(1.0, share(column.integers + column.decimals + column.money))
    if field == "title":
        return 1.0 - 0.5 * share(column.integers + column.decimals)
    return 1.0 - share(column.integers + column.decimals)


def _is_serial(column: Counts) -> bool:
    """Are its numbers a spreadsheet's days? So many lie in one lifetime that it is no accident."""
    return column.serials > 0.6 * column.filled


class _Candidate(NamedTuple):
    confidence: float
    field: str


def _candidates(column: Counts, header: str) -> list[_Candidate]:
    meaning = headers.meaning(header)
    if meaning.field == IGNORE:
        return []
    if meaning.field:
        if not column.filled:
            return [_Candidate(0.5 * meaning.strength, meaning.field)]
        fit = _fit(column, meaning.field)
        found = [_Candidate(meaning.strength * (0.5 + 0.5 * fit) if fit > 0.2 else 0.2 * fit,
                            meaning.field)]  # fmt: skip
        if fit > 0.2:
            return found
        # The heading contradicts what stands below: believe the values, a little.
        return found + [
            _Candidate(0.7 * score, field)
            for field, score in _by_content(column).items()
            if field != meaning.field
        ]
    trust = 0.85 if header.strip() else 0.95
    return [_Candidate(trust * score, field) for field, score in _by_content(column).items()]


class Survey:
    """Feed every row, then ask once what the columns mean. Memory does not grow with the rows."""

    def __init__(self) -> None:
        self._columns: list[Counts] = []

    def feed(self, cells: Sequence[Any]) -> None:
        columns = self._columns
        if len(cells) > len(columns):
            columns.extend(Counts() for _new in range(len(cells) - len(columns)))
        for column, cell in zip(columns, cells, strict=False):
            if cell is not None:
                column.feed(cell)

    def finish(self, headers: Sequence[str]) -> list[ColumnGuess]:
        texts = list(headers) + [""] * (len(self._columns) - len(headers))
        self._columns.extend(Counts() for _new in range(len(texts) - len(self._columns)))
        profile = known.find(texts)
        chosen: dict[int, _Candidate] = {}
        options: dict[int, dict[str, Any]] = {}
        for index, header in enumerate(texts):
            options[index] = _options(self._columns[index], header)
            if profile is not None and (said := profile.column(header)) is not None:
                chosen[index] = _Candidate(1.0, said.field)
                options[index] |= said.options
                if roles := said.options.get("roles_header"):
                    options[index]["roles_column"] = known.position(roles, texts)
        best = self._assign(texts, chosen)
        guesses = [
            self._guess(index, header, chosen.get(index), best[index], options[index])
            for index, header in enumerate(texts)
        ]
        self._explain(guesses, profile)
        return guesses

    def _assign(self, texts: Sequence[str], chosen: dict[int, _Candidate]) -> list[float]:
        """Give each field to its best column; returns how sure each column could have been."""
        taken = {candidate.field for candidate in chosen.values()}
        pairs: list[tuple[_Candidate, int]] = []
        best = [0.0] * len(texts)
        for index, header in enumerate(texts):
            if index in chosen:
                continue
            for candidate in _candidates(self._columns[index], header):
                damaged = candidate.field == "isbn" and self._columns[index].is_rounded
                if damaged:
                    best[index] = max(best[index], _beyond_chance(self._columns[index]))
                    continue
                best[index] = max(best[index], candidate.confidence)
                pairs.append((candidate, index))
        pairs.sort(key=lambda pair: (-pair[0].confidence, pair[1]))
        for candidate, index in pairs:
            once = candidate.field in taken and not self._may_repeat(texts[index], candidate)
            if index not in chosen and not once and candidate.confidence >= _LEAST:
                chosen[index] = candidate
                taken.add(candidate.field)
        if "title" not in taken:
            self._find_title(texts, chosen)
        return best

    @staticmethod
    def _may_repeat(header: str, candidate: _Candidate) -> bool:
        """Several columns of authors or subjects only if their headings say so."""
        return FIELDS[candidate.field].multiple and (
            candidate.field == "isbn" or headers.meaning(header).field == candidate.field
        )

    def _find_title(self, texts: Sequence[str], chosen: dict[int, _Candidate]) -> None:
        """Without a title nothing can be imported: take the text that looks most like one."""
        free = [
            (_by_words(column).get("title", 0.0), -index)
            for index, column in enumerate(self._columns)
            if index not in chosen and column.texts > 0.5 * column.filled > 0 and not column.urls
            and column.tested
            and headers.meaning(texts[index]).field != IGNORE
        ]  # fmt: skip
        if free and (best := max(free))[0] > 0.2:
            chosen[-best[1]] = _Candidate(best[0], "title")

    def _guess(
        self,
        index: int,
        header: str,
        candidate: _Candidate | None,
        best: float,
        options: dict[str, Any],
    ) -> ColumnGuess:
        column = self._columns[index]
        field, confidence = IGNORE, 0.0 if best >= _LEAST else best
        if candidate is not None:
            field, confidence = candidate.field, candidate.confidence
        return ColumnGuess(index, header, field, round(confidence, 2), column.samples, [], options)

    # --- Verdicts ----------------------------------------------------------------------------
    def _explain(self, guesses: list[ColumnGuess], profile: known.Profile | None) -> None:
        usable = [guess.index for guess in guesses if guess.field == "isbn"]
        for guess in guesses:
            column = self._columns[guess.index]
            say = _Say(guess.verdict)
            if guess.field == "title" and profile is not None:
                say("known_export", program=profile.name)
            if not column.filled:
                if guess.field != IGNORE:
                    say("empty_column")
                continue
            if guess.options.get("rounded"):
                self._explain_damage(say, column, [at for at in usable if at != guess.index])
            elif guess.field == "isbn":
                _explain_isbn(say, column)
            elif guess.field in _PEOPLE:
                _explain_people(say, column, guess.options)
            elif guess.field in ("year", "published_on"):
                _explain_dates(say, column, guess)
            elif guess.field == "language" and column.lang_bad:
                say("not_language", count=column.lang_bad)
            elif guess.field == "title" and guess.options.get("shouted"):
                say("in_capitals")

    @staticmethod
    def _explain_damage(say: "_Say", column: Counts, others: list[int]) -> None:
        params = {
            "damaged": column.damaged,
            "total": column.filled,
            # Never 100 as long as one value ends in another digit.
            "zero_percent": int(100 * column.ends_zero / column.filled),
        }
        if others:
            say("isbn_damaged_other", **params, column=others[0] + 1)
        else:
            say("isbn_damaged", **params)


class _Say:
    def __init__(self, verdict: list[dict[str, Any]]) -> None:
        self.verdict = verdict

    def __call__(self, code: str, **params: Any) -> None:
        self.verdict.append({"code": code, "params": params})


def _explain_isbn(say: _Say, column: Counts) -> None:
    if column.zeros_lost:
        say("zeros_lost", count=column.zeros_lost)
    failed = column.isbn_failed - column.rounded
    if failed > 0:
        say("not_isbn", count=failed)
    if column.rounded:
        say("rounded_some", count=column.rounded)


def _explain_people(say: _Say, column: Counts, options: Mapping[str, Any]) -> None:
    separator = options.get("separator")
    if separator in _SLIPS and (column.commas_list or column.separators):
        say(_SLIPS[separator])
    if options.get("inverted"):
        say("names_inverted")
    if column.capitals > 0.5 * column.tested:
        say("in_capitals")


def _explain_dates(say: _Say, column: Counts, guess: ColumnGuess) -> None:
    if column.slashed:
        order = guess.options.get("day_first")
        say("order_unclear" if order is None else "day_first" if order else "month_first")
    serials = guess.options.get("serial") or guess.field == "published_on"
    if serials and column.serials:
        say("serial_dates")
    wrong = column.date_bad - (column.serials if serials else 0)
    if wrong > 0:
        say("not_year", count=wrong)


def _beyond_chance(column: Counts) -> float:
    """The share of ISBNs that are valid, less the tenth that is so by chance."""
    return max(0.0, column.share(column.isbn_valid) - 0.1) / 0.9


def _options(column: Counts, header: str) -> dict[str, Any]:
    """What the row reader needs to know about a column, whatever field it turns out to be."""
    options: dict[str, Any] = {"header": header} if header.strip() else {}
    if column.is_rounded:
        options["rounded"] = True
    if (separator := column.separator) is not None:
        options["separator"] = separator
    if column.inverted:
        options["inverted"] = True
    # Where both orders occur the file is of two hands: the majority decides, if there is one.
    if column.day_first != column.month_first:
        options["day_first"] = column.day_first > column.month_first
    if _is_serial(column):
        options["serial"] = True
    if column.tested and column.capitals > 0.5 * column.tested:
        options["shouted"] = True
    for word in re.findall(r"\b[A-Z]{3}\b|[€£$]", header):
        if code := currency(word).value:
            options["currency"] = code
    return options
