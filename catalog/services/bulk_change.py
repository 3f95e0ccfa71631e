"""What is to be changed in many books, and what becomes of each: for the preview and the work."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import models
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from catalog.models import Book, Contribution
from catalog.services.books import Picked
from catalog.text import chunks, match_key

LOOKED_AT = 2_000  # books of which the preview says exactly what becomes of them
SAMPLE = 12  # of which it shows what becomes of them
NAMED = 200  # books left alone that are named, with the reason
READ = 500  # books at once
SUBJECT_LENGTH = 100


@dataclass(frozen=True)
class Change:
    """New values by the names of Book's columns; a field that is not named stays as it is.

    Price and currency are one thing: None takes both away, an amount keeps the currency that a
    book has, a currency keeps the amount.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    publisher: Picked | None = None  # of values["publisher_id"]; without pk it is to be made
    add_subjects: tuple[str, ...] = ()
    remove_subjects: tuple[str, ...] = ()
    credit: tuple[Picked, Picked] | None = None  # the author who goes, and who is credited instead

    def __bool__(self) -> bool:
        return bool(self.values or self.add_subjects or self.remove_subjects or self.credit)

    def as_json(self) -> dict[str, Any]:
        found: dict[str, Any] = {
            name: str(value) if isinstance(value, Decimal) else value
            for name, value in self.values.items()
            if name != "publisher_id"
        }
        if "publisher_id" in self.values:
            chosen = self.publisher
            found["publisher"] = chosen and {"id": chosen.pk, "name": chosen.name}
        if self.add_subjects:
            found["add_subjects"] = list(self.add_subjects)
        if self.remove_subjects:
            found["remove_subjects"] = list(self.remove_subjects)
        if self.credit:
            found["credit"] = [{"id": each.pk, "name": each.name} for each in self.credit]
        return found

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> "Change":
        values = {
            name: found[name] for name in ("language", "year", "price", "currency") if name in found
        }
        if values.get("price") is not None:
            values["price"] = Decimal(values["price"])
        publisher = None
        if "publisher" in found:
            kept = found["publisher"]
            publisher = Picked(kept["id"], kept["name"]) if isinstance(kept, dict) else None
            values["publisher_id"] = publisher.pk if publisher else None
        credit = None
        if "credit" in found:
            old, new = (Picked(each["id"], each["name"]) for each in found["credit"])
            credit = old, new
        return cls(
            values,
            publisher,
            tuple(found.get("add_subjects", ())),
            tuple(found.get("remove_subjects", ())),
            credit,
        )

    @property
    def fields(self) -> list[str]:
        """What it sets, as people see it: a price and its currency are one thing."""
        found = [name.removesuffix("_id") for name in self.values]
        if "price" in found and "currency" in found:
            found.remove("currency")
        others = {
            "credit": self.credit,
            "add_subjects": self.add_subjects,
            "remove_subjects": self.remove_subjects,
        }
        return found + [name for name, wanted in others.items() if wanted]

    @property
    def touches_subjects(self) -> bool:
        return bool(self.add_subjects or self.remove_subjects)


class Why(models.TextChoices):
    """Why a book, or a field of it, is left alone."""

    GONE = "gone", "deleted"
    DAY_KNOWN = "day", "its day of publication is known"
    NO_PRICE = "no_price", "a currency without a price"
    NO_CURRENCY = "no_currency", "a price without a currency"
    SINCE = "since", "changed again since"
    REFUSED = "refused", "cannot be put back"


OF_FIELD = {Why.DAY_KNOWN: "year", Why.NO_PRICE: "currency", Why.NO_CURRENCY: "price"}
WHOLE = ""  # in a tally: a book as a whole
CHANGED, SAME = "changed", "same"
# What became of each field, in how many books: CHANGED, SAME, or why it was left alone.
Tally = dict[str, Counter[str]]


def added(tally: Tally, more: Tally) -> Tally:
    names = dict.fromkeys([*tally, *more])
    return {name: tally.get(name, Counter()) + more.get(name, Counter()) for name in names}


class LeftAlone(NamedTuple):
    pk: int
    title: str
    why: str
    detail: str = ""

    @property
    def detail_text(self) -> str:
        if self.why == Why.DAY_KNOWN:
            return date_format(date.fromisoformat(self.detail))
        if self.why != Why.SINCE:
            return self.detail
        return ", ".join(field_label(name) for name in self.detail.split(","))


@dataclass(frozen=True)
class Reason:
    """Why so many books, or a field of them, were left alone; the first of them by name."""

    why: Why
    number: int
    books: list[LeftAlone]

    @property
    def more(self) -> int:
        return self.number - len(self.books)

    @property
    def sentence(self) -> str:
        match self.why:
            case Why.GONE:
                text = ngettext(
                    "%(n)s book has been deleted meanwhile.",
                    "%(n)s books have been deleted meanwhile.",
                    self.number,
                )
            case Why.DAY_KNOWN:
                text = ngettext(
                    "%(n)s book keeps its year: it follows from the day of publication.",
                    "%(n)s books keep their year: it follows from the day of publication.",
                    self.number,
                )
            case Why.NO_PRICE:
                text = ngettext(
                    "%(n)s book has no price that a currency could belong to.",
                    "%(n)s books have no price that a currency could belong to.",
                    self.number,
                )
            case Why.NO_CURRENCY:
                text = ngettext(
                    "%(n)s book has no currency, and a price needs one.",
                    "%(n)s books have no currency, and a price needs one.",
                    self.number,
                )
            case Why.SINCE:
                text = ngettext(
                    "%(n)s book has been changed again since: that stays.",
                    "%(n)s books have been changed again since: that stays.",
                    self.number,
                )
            case Why.REFUSED:
                text = ngettext(
                    "%(n)s book cannot be put back.",
                    "%(n)s books cannot be put back.",
                    self.number,
                )
        return text % {"n": number_format(self.number)}


def reasons(left_alone: Iterable[LeftAlone], tally: Tally) -> list[Reason]:
    named: dict[str, list[LeftAlone]] = defaultdict(list)
    for each in left_alone:
        named[each.why].append(each)
    numbers: Counter[str] = sum(tally.values(), Counter())
    return [
        Reason(why, max(numbers[why], len(named[why])), named[why])
        for why in Why
        if numbers[why] or named[why]
    ]


def field_label(name: str) -> str:
    if name == "credits":
        return _("contributors")
    found: Any = Book._meta.get_field(name.removesuffix("_id"))
    return str(found.verbose_name)


@dataclass
class Decision:
    """What becomes of one book."""

    book: Book
    values: dict[str, Any] = field(default_factory=dict)  # only those that are different
    add: list[str] = field(default_factory=list)
    remove: list[int] = field(default_factory=list)  # keys of subjects
    credit: bool = False  # it has the author who goes
    left: list[tuple[Why, str]] = field(default_factory=list)

    @property
    def changes(self) -> bool:
        return bool(self.values or self.add or self.remove or self.credit)

    @property
    def left_alone(self) -> list[LeftAlone]:
        return [LeftAlone(self.book.pk, self.book.title, *why) for why in self.left]

    def outcome(self, name: str) -> str:
        """What becomes of one of the change's fields."""
        for why, _detail in self.left:
            if OF_FIELD.get(why) == name:
                return why
        touched: dict[str, object] = {
            "publisher": "publisher_id" in self.values,
            "price": "price" in self.values or "currency" in self.values,
            "credit": self.credit,
            "add_subjects": self.add,
            "remove_subjects": self.remove,
        }
        return CHANGED if touched.get(name, name in self.values) else SAME


Subjects = Mapping[int, Mapping[str, tuple[int, str]]]  # of a book, by key: (key of the row, name)


def decide(
    book: Book, change: Change, subjects: Subjects, credited: Collection[int] = ()
) -> Decision:
    """The same for the preview and for the work itself."""
    decision = Decision(book, credit=book.pk in credited)
    wanted = dict(change.values)
    day = book.published_on
    if day is not None and "year" in wanted and wanted["year"] != day.year:
        del wanted["year"]  # the two must agree: see Book.clean()
        decision.left.append((Why.DAY_KNOWN, day.isoformat()))
    _decide_price(book, wanted, decision)
    decision.values = {
        name: value for name, value in wanted.items() if getattr(book, name) != value
    }
    if change.publisher and change.publisher.pk is None:
        decision.values["publisher_id"] = None  # one that is still to be made
    has = subjects.get(book.pk, {})
    added = {match_key(name, SUBJECT_LENGTH): name for name in change.add_subjects}
    removed = {match_key(name, SUBJECT_LENGTH) for name in change.remove_subjects} - set(added)
    decision.add = [name for key, name in added.items() if key not in has]
    decision.remove = [has[key][0] for key in removed if key in has]
    return decision


def tally(decisions: Iterable[Decision], change: Change) -> Tally:
    found: Tally = {name: Counter() for name in change.fields}
    for decision in decisions:
        for name, counted in found.items():
            counted[decision.outcome(name)] += 1
    return found


def _decide_price(book: Book, wanted: dict[str, Any], decision: Decision) -> None:
    if "price" in wanted and wanted["price"] is None:
        wanted["currency"] = ""
    elif "price" in wanted and not (wanted.get("currency") or book.currency):
        del wanted["price"]
        decision.left.append((Why.NO_CURRENCY, ""))
    elif wanted.get("currency") and "price" not in wanted and book.price is None:
        del wanted["currency"]
        decision.left.append((Why.NO_PRICE, ""))


def subjects_of(ids: Collection[int]) -> Subjects:
    found: dict[int, dict[str, tuple[int, str]]] = defaultdict(dict)
    links = Book.subjects.through._default_manager.filter(book__in=list(ids)).order_by()
    for book, pk, key, name in links.values_list(
        "book_id", "subject_id", "subject__name_key", "subject__name"
    ):
        found[book][key] = (pk, name)
    return found


def credited_in(ids: Collection[int], change: Change) -> set[int]:
    """The books that have the author who goes."""
    if change.credit is None:
        return set()
    credits = Contribution.objects.filter(book__in=list(ids), author=change.credit[0].pk)
    return set(credits.order_by().values_list("book_id", flat=True))


# --- The preview ------------------------------------------------------------------------------


@dataclass
class Preview:
    """What will become of the books, exactly for the first ones of the list."""

    total: int
    looked_at: int = 0
    changed: int = 0
    same: int = 0
    left: int = 0
    sample: list[Decision] = field(default_factory=list)
    left_alone: list[LeftAlone] = field(default_factory=list)
    tally: Tally = field(default_factory=dict)
    subjects: Subjects = field(default_factory=dict)

    @property
    def is_whole(self) -> bool:
        return self.looked_at >= self.total


def preview(change: Change, *, total: int, first: Sequence[int]) -> Preview:
    """`first` are the first books of the list, at most LOOKED_AT."""
    found = Preview(total)
    for ids in chunks(list(first), READ):
        books = Book.objects.select_related("publisher").in_bulk(ids)
        subjects = subjects_of(books) if change.touches_subjects else {}
        credited = credited_in(books, change)
        decisions = [decide(books[pk], change, subjects, credited) for pk in ids if pk in books]
        found.looked_at += len(decisions)
        found.tally = added(found.tally, tally(decisions, change))
        for decision in decisions:
            found.left_alone += decision.left_alone[: NAMED - len(found.left_alone)]
            if decision.changes:
                found.changed += 1
                if len(found.sample) < SAMPLE:
                    pk = decision.book.pk
                    found.sample.append(decision)
                    found.subjects = {**found.subjects, pk: subjects.get(pk, {})}
            elif decision.left:
                found.left += 1
            else:
                found.same += 1
    return found
