import pytest

from catalog.forms import currencies
from catalog.forms.book import BookForm

pytestmark = pytest.mark.django_db


def offered():
    return {code: name for _group, codes in currencies.choices() for code, name in codes}


def test_prices_are_in_the_money_of_some_territory():
    assert {"EUR", "ISK", "XAF", "XCD", "XCG", "XOF", "XPF"} <= set(offered())
    no_money = {"XAD", "XAG", "XAU", "XDR", "XPD", "XPT", "XTS", "XUA", "XXX"}
    funds = {"BOV", "CHE", "CHW", "CLF", "COU", "MXV", "USN", "UYI", "UYW"}
    assert set(offered()).isdisjoint(no_money | funds)
    assert not any(currencies.is_known(code) for code in no_money | funds)
    assert all(" · " in name for name in offered().values())


def test_a_currency_that_a_book_has_can_be_chosen_again(make_books):
    (book,) = make_books(1, price="5.00", currency="XAU")
    field = BookForm(instance=book)["currency"]
    assert '<option value="XAU" selected>XAU · Gold</option>' in str(field)


def test_a_usual_currency_is_offered_once(make_books):
    (book,) = make_books(1, price="5.00", currency="EUR")
    assert str(BookForm(instance=book)["currency"]).count('value="EUR"') == 1
