import pytest
from django import forms
from pytest_django.asserts import assertHTMLEqual

from catalog.forms.selects import QuickSelect

GROUPS = [("", "unknown"), ("Common", [("eng", "English"), ("fre", "French")]), (None, "—")]
HOSTILE = [("<b>", '"Fish" & <chips>'), ("1", "One"), (2, "Two")]


@pytest.mark.parametrize("value", ["", "eng", "fre", None, "<b>", 2, "2", "not there"])
@pytest.mark.parametrize("choices", [GROUPS, HOSTILE, []])
@pytest.mark.parametrize("attrs", [{}, {"id": "x", "class": "form-select", "disabled": True}])
def test_the_html_is_that_of_djangos_own(choices, value, attrs):
    quick = QuickSelect(attrs={"lang": "en"}, choices=choices).render("one", value, attrs)
    plain = forms.Select(attrs={"lang": "en"}, choices=choices).render("one", value, attrs)
    assertHTMLEqual(quick, plain)
