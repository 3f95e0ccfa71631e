"""The guards themselves: a test that cannot fail guards nothing."""

import pytest
from playwright.sync_api import Page

from tests.browser.site import Site


@pytest.mark.parametrize(
    ("script", "complaint"),
    [
        ("document.body.setAttribute('style', 'color: red')", "CSP violation"),
        ("document.head.append(Object.assign(document.createElement('script'), "
         "{textContent: 'window.x = 1'}))", "CSP violation"),
        ("fetch('http://localhost/').catch(() => {})", "CSP violation"),
        ("console.error('broken')", "console error: broken"),
        ("setTimeout(() => { throw new Error('thrown') })", "thrown"),
    ],
)  # fmt: skip
def test_what_a_page_must_not_do_is_noticed(page: Page, library: Site, guard, script, complaint):
    page.goto(f"{library.url}/books/")
    page.evaluate(f"() => {{ {script} }}")
    page.wait_for_timeout(200)
    with pytest.raises(AssertionError, match=complaint):
        guard.check()
    guard.complaints.clear()


def test_a_barrier_is_noticed(page: Page, library: Site, assert_accessible):
    page.goto(f"{library.url}/books/")
    page.evaluate("() => document.querySelector('main').prepend(document.createElement('button'))")
    with pytest.raises(AssertionError, match="button-name"):
        assert_accessible(page)
