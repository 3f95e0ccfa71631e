"""Fields in which a record is chosen by typing its name.

In the page such a field is a text input `name` and an input `name_id` beside it. The id says which
record the text stands for; a text that is not that record's name (any more) counts by itself. So
the field works without JavaScript: the name is typed, and where it is not clear whom it means, the
form comes back with a list to choose from as `name_id`.

`name_id` is one of
    12                 record 12, as long as the text is its name
    12 ursula leguin   record 12, chosen for the text with this key
    new ursula leguin  none that is there, decided for the text with this key
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalog.models import Author, Publisher
from catalog.search import picking
from catalog.search.picking import Found, Option
from catalog.services.books import Picked
from catalog.text import match_key

__all__ = ["AuthorPickField", "Outcome", "PickField", "Picked", "PublisherPickField", "Typed"]

NEW = "new"
NAME_LENGTH = 200
QUALIFIER_LENGTH = 50


class Typed(NamedTuple):
    """What the two inputs hold."""

    text: str = ""
    id: str = ""

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Outcome:
    """What was typed means: a record, a new name, or a question."""

    picked: Picked | None = None
    option: Option | None = None
    code: str = ""  # why it has to be asked
    ask: list[Option] = field(default_factory=list)

    @property
    def typed(self) -> Typed | None:
        """How the inputs show it, so that it means the same when they are sent again."""
        if self.option is not None:
            return Typed(self.option.label, str(self.option.pk))
        if self.picked is not None:
            return Typed(self.picked.name, f"{NEW} {match_key(self.picked.name)}")
        return None


def may_add(model: type[Model], user: User | None) -> bool:
    return user is None or user.has_perm(f"catalog.add_{model._meta.model_name}")


class PickWidget(forms.Widget):
    """The two inputs; the list to choose from where there is something to ask."""

    template_name = "catalog/partials/_pick.html"
    outcome: Outcome | None = None
    allow_new = True
    in_rows = False

    def __init__(self, field: type["PickField"], attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"dir": "auto", "autocomplete": "off", "spellcheck": "false"})
        self.attrs |= attrs or {}
        self.field = field

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> Typed:
        return Typed(str(data.get(name) or ""), str(data.get(f"{name}_id") or ""))

    def value_omitted_from_data(self, data: Mapping[str, Any], files: Any, name: str) -> bool:
        return name not in data

    def format_value(self, value: Any) -> str:
        return "" if value is None else str(value)

    def id_for_label(self, id_: str, index: str | None = None) -> str:
        return id_

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        typed = value if isinstance(value, Typed) else Typed(self.format_value(value))
        outcome = self.outcome or Outcome()
        typed = outcome.typed or typed
        widget = context["widget"]
        key = match_key(typed.text)
        widget |= {
            "text": typed.text,
            "chosen": typed.id,
            "url": reverse(self.field.url_name),
            "ask": [(f"{option.pk} {key}", option) for option in outcome.ask],
            "new": f"{NEW} {key}" if self.allow_new and outcome.code == "similar" else "",
            "said": self.field.said_of_new(typed.text) if typed.id.startswith(f"{NEW} ") else "",
            "list_label": self.field.list_label,
            "in_rows": self.in_rows,
        }
        return context

    def _render(
        self, template_name: str, context: dict[str, Any], renderer: Any = None
    ) -> SafeString:
        # Ours is among the project's templates, where the renderer of forms does not look.
        return mark_safe(render_to_string(template_name, context))  # noqa: S308


class PickField(forms.Field):
    """Cleans to `Picked`, or None where nothing was typed.

    `Picked.pk` is None for a new name: whoever saves the form finds it by its exact key, or makes
    it. `resolved` holds outcomes that a formset has found for all its rows at once.
    """

    model: ClassVar[type[Model]]
    url_name: ClassVar[str]
    list_label: ClassVar[str | Promise]
    by_id: ClassVar[Callable[[Iterable[int]], dict[int, Option]]]
    find: ClassVar[Callable[[Iterable[str]], dict[str, Found]]]

    widget: PickWidget
    resolved: dict[Typed, Outcome]

    def __init__(self, *, allow_new: bool = True, **options: Any) -> None:
        options.setdefault("widget", PickWidget(type(self)))
        super().__init__(**options)
        self.allow_new = self.widget.allow_new = allow_new
        self.resolved = {}

    def as_allowed(self, user: User | None) -> None:
        """Without the right to add such records one picks among those that are there.

        `user` is None where no person asks: then nothing is forbidden.
        """
        if not may_add(self.model, user):
            self.allow_new = self.widget.allow_new = False

    def __deepcopy__(self, memo: dict[int, Any]) -> "PickField":
        result: PickField = super().__deepcopy__(memo)
        result.resolved = {}
        return result

    @classmethod
    def said_of_new(cls, name: str) -> str:
        """What will be made of a new name."""
        raise NotImplementedError

    @classmethod
    def resolve(cls, typed: Sequence[Typed]) -> dict[Typed, Outcome]:
        """What these inputs mean; the number of queries does not grow with them."""
        wanted = {each: picking.tidy(each.text) for each in typed}
        wanted = {each: text for each, text in wanted.items() if text}
        choices = {each: _Choice.of(each, text) for each, text in wanted.items()}
        records = cls.by_id({choice.pk for choice in choices.values() if choice.pk is not None})
        outcomes = {}
        for each, choice in choices.items():
            option = records.get(choice.pk) if choice.pk is not None else None
            if option and (choice.decided or picking.same_name(option, wanted[each])):
                outcomes[each] = Outcome(Picked(option.pk, option.name), option)
        left = {
            each: text
            for each, text in wanted.items()
            if each not in outcomes and len(text) <= picking.LONGEST
        }
        found = cls.find(set(left.values()))
        for each, text in left.items():
            outcomes[each] = _meaning(text, found[text], new=choices[each].new)
        return outcomes

    def clean(self, value: Any) -> Picked | None:
        typed = self.prepare_value(value) or Typed()
        text = picking.tidy(typed.text)
        if not text:
            self.validate(None)
            return None
        self.check_length(text)
        outcome = self.resolved.get(typed) or self.resolve([typed])[typed]
        self.widget.outcome = outcome
        if outcome.code:
            raise ValidationError(self.error_messages[outcome.code], code=outcome.code)
        if outcome.option is None and not self.allow_new:
            raise ValidationError(self.error_messages["unknown"], code="unknown")
        self.run_validators(outcome.picked)
        return outcome.picked

    def check_length(self, text: str) -> None:
        if len(text) > NAME_LENGTH:
            raise ValidationError(
                self.error_messages["too_long"], code="too_long", params={"most": NAME_LENGTH}
            )

    def prepare_value(self, value: Any) -> Typed | None:
        """Shows a record, its key, or what was picked; only a bare key costs a query."""
        if value is None or isinstance(value, Typed):
            return value
        if isinstance(value, Picked):
            return Typed(value.name, "" if value.pk is None else str(value.pk))
        if isinstance(value, Model):
            return Typed(_label(value), str(value.pk))
        if isinstance(value, int):
            option = type(self).by_id([value]).get(value)
            return Typed(option.label, str(value)) if option else None
        return Typed(str(value))

    def has_changed(self, initial: Any, data: Any) -> bool:
        before, now = self.prepare_value(initial) or Typed(), self.prepare_value(data) or Typed()
        if match_key(before.text) != match_key(now.text):
            return True
        return bool(now.id) and before.id != now.id.partition(" ")[0]


class _Choice(NamedTuple):
    """`name_id`, taken apart."""

    pk: int | None = None
    decided: bool = False  # for exactly this text, whatever the record's name
    new: bool = False

    @classmethod
    def of(cls, typed: Typed, text: str) -> "_Choice":
        head, _space, key = typed.id.partition(" ")
        if key and key != match_key(text):
            return cls()  # the text was changed after the choice
        if head == NEW:
            return cls(new=bool(key))
        if head.isascii() and head.isdigit() and len(head) < 19:
            return cls(pk=int(head), decided=bool(key))
        return cls()


def _meaning(text: str, found: Found, *, new: bool) -> Outcome:
    if len(found.exact) == 1:
        option = found.exact[0]
        return Outcome(Picked(option.pk, option.name), option)
    if found.exact:
        return Outcome(code="namesakes", ask=found.exact)
    if found.similar and not new:
        return Outcome(code="similar", ask=found.similar)
    return Outcome(Picked(None, text))


def _label(record: Model) -> str:
    name, qualifier = str(record), getattr(record, "qualifier", "")
    return f"{name} ({qualifier})" if qualifier else name


class AuthorPickField(PickField):
    model = Author
    url_name = "catalog:author_pick"
    list_label = _("Authors")
    by_id = picking.authors_by_id
    find = picking.find_authors
    default_error_messages = {
        "required": _("Type a name."),
        "namesakes": _(
            "There are several of this name: choose one. For another one, write what tells them "
            "apart in brackets, like “John Smith (born 1950)”."
        ),
        "similar": _("Nobody is called exactly that yet: choose who is meant."),
        "unknown": _("Nobody is called that here, and you may not add authors."),
        "too_long": _("A name has at most %(most)d characters."),
        "qualifier_too_long": _(
            "What stands in brackets tells namesakes apart: at most %(most)d characters."
        ),
    }

    @classmethod
    def said_of_new(cls, name: str) -> str:
        filed = picking.read_author(name).sort_name
        return str(_("New, files under “%(name)s”.") % {"name": filed})

    def check_length(self, text: str) -> None:
        name, qualifier = picking.qualified(text)
        super().check_length(name)
        if len(qualifier) > QUALIFIER_LENGTH:
            raise ValidationError(
                self.error_messages["qualifier_too_long"],
                code="qualifier_too_long",
                params={"most": QUALIFIER_LENGTH},
            )


class PublisherPickField(PickField):
    model = Publisher
    url_name = "catalog:publisher_pick"
    list_label = _("Publishers")
    by_id = picking.publishers_by_id
    find = picking.find_publishers
    default_error_messages = {
        "required": _("Type a name."),
        "namesakes": _("There are several of this name: choose one."),
        "similar": _("No publisher is called exactly that yet: choose which one is meant."),
        "unknown": _("No publisher is called that here, and you may not add publishers."),
        "too_long": _("A name has at most %(most)d characters."),
    }

    @classmethod
    def said_of_new(cls, name: str) -> str:
        return str(_("A new publisher."))
