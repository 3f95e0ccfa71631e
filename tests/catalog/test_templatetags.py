from functools import partial

import pytest
from django.template import Context, RequestContext, Template, TemplateSyntaxError
from django.test import RequestFactory

from catalog.templatetags.look import icon_svg
from catalog.views.remembered import Remembered


def render(source, path="/"):
    request = RequestFactory().get(path)
    return Template(source).render(RequestContext(request, {"request": request}))


def test_an_icon_is_inline_and_hidden_from_screen_readers():
    drawing = Template("{% load look %}{% icon 'search' %}").render(Context())
    assert drawing.startswith('<svg class="icon" viewBox="0 0 16 16" aria-hidden="true"><path')
    assert drawing.endswith("</svg>")
    assert "style" not in drawing


@pytest.mark.parametrize("name", ["no-such-icon", "../../settings", "UPPER", ""])
def test_a_wrong_icon_is_found_when_the_template_is_compiled(name):
    with pytest.raises(TemplateSyntaxError):
        icon_svg(name)


@pytest.mark.parametrize("tag", ["{% icon %}", "{% icon search %}", "{% icon 'a' 'b' %}"])
def test_an_icon_takes_one_name_in_quotes(tag):
    with pytest.raises(TemplateSyntaxError):
        Template("{% load look %}" + tag)


@pytest.mark.parametrize(
    ("path", "current"),
    [
        ("/books/", ' aria-current="page"'),
        ("/books/7/", ' aria-current="true"'),
        ("/", ' aria-current="true"'),
        ("/authors/", ""),
    ],
)
def test_the_navigation_says_where_one_is(path, current):
    link = render("{% load look %}{% section 'catalog:book_list' 'Books' %}", path)
    assert link == f'<li><a href="/books/"{current}>Books</a></li>'


@pytest.mark.django_db(transaction=True)
def test_only_the_latest_results_are_remembered():
    made = []

    def make(key):
        made.append(key)
        return key

    kept: Remembered[str] = Remembered(most=2)
    for key in ("a", "b", "a", "c", "a", "b"):
        assert kept.get(key, partial(make, key)) == key
    assert made == ["a", "b", "c", "b"]


@pytest.mark.django_db
def test_nothing_is_remembered_out_of_an_open_transaction():
    kept: Remembered[int] = Remembered()
    assert kept.get("key", lambda: 1) == 1
    assert kept.get("key", lambda: 2) == 2
