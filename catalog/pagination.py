"""Pages of a listing: counts that say how exact they are, and a window of page numbers."""

from functools import cached_property
from typing import Any, cast

from django.core.paginator import EmptyPage, Page, PageNotAnInteger, Paginator
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from catalog.search.listings import Listing

AROUND = 2  # page numbers shown on each side of the current one


class CataloguePage(Page):
    """A page that knows which page numbers to offer."""

    paginator: "CataloguePaginator"

    @cached_property
    def window(self) -> list[int | None]:
        """First, last, and as many on either side; None stands for a gap."""
        last = self.paginator.num_pages
        numbers = {1, last, *range(self.number - AROUND, self.number + AROUND + 1)}
        shown = sorted(number for number in numbers if 1 <= number <= last)
        window: list[int | None] = []
        for before, number in zip([0, *shown], shown, strict=False):
            if number - before == 2:
                window.append(number - 1)  # a gap of one page is no shorter than its number
            elif number - before > 2:
                window.append(None)
            window.append(number)
        return window


class CataloguePaginator(Paginator):
    """Django's paginator over a listing, whose count may be a bound or an estimate."""

    def __init__(
        self,
        object_list: Listing[Any],
        per_page: int,
        orphans: int = 0,
        allow_empty_first_page: bool = True,
        **kwargs: Any,
    ) -> None:
        self.listing = object_list
        super().__init__(cast(Any, object_list), per_page, 0, allow_empty_first_page, **kwargs)

    @cached_property
    def count(self) -> int:
        return self.listing.count()

    @property
    def count_is_exact(self) -> bool:
        return self.listing.plan.kind == "exact"

    @cached_property
    def count_label(self) -> str:
        """The count as the page says it."""
        kind = self.listing.plan.kind
        if kind == "more":
            return _("more than %(count)s") % {"count": number_format(self.reach)}
        if kind == "about":
            return _("about %(count)s") % {"count": number_format(_rounded(self.count))}
        return number_format(self.count)

    @property
    def reach(self) -> int:
        """How many of the rows can be paged through."""
        return self.listing.plan.reach

    @property
    def is_cut(self) -> bool:
        """Whether there are more rows than pages to show them."""
        return self.reach < self.count or self.listing.plan.kind == "more"

    @cached_property
    def num_pages(self) -> int:
        return max(1, -(-self.reach // self.per_page))

    def page(self, number: Any) -> CataloguePage:
        number = int(self.validate_number(number))
        start = (number - 1) * self.per_page
        stop = min(start + self.per_page, self.reach)
        return CataloguePage(cast(Any, self.listing[start:stop]), number, self)

    def get_page(self, number: Any) -> CataloguePage:
        """The page of this number, or the nearest there is; the first for what is no number."""
        try:
            return self.page(number)
        except PageNotAnInteger:
            return self.page(1)
        except EmptyPage:
            return self.page(1 if int(number) < 1 else self.num_pages)


def _rounded(count: int) -> int:
    """Three significant digits: an estimate knows no more."""
    return round(count, 3 - len(str(count))) if count >= 1_000 else count
