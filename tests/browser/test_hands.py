"""The hands themselves."""

import pytest

from tests.browser.hands import KEYBOARD


def test_every_hand_can_sign_in(hand, library):
    hand.page.goto(f"{library.url}/accounts/login/")
    hand.fill("Username", "cataloguer")
    hand.fill("Password", "cataloguer-has-a-secret")
    hand.press("Sign in")
    hand.page.wait_for_url(lambda url: "/login/" not in url)
    hand.follow("Covers")
    hand.page.wait_for_url("**/books/?view=grid")


def test_the_keyboard_cannot_reach_what_takes_no_focus(hand, library):
    hand.page.goto(f"{library.url}/books/")
    if hand.way != KEYBOARD:
        pytest.skip("only the keyboard can fail to reach something")
    with pytest.raises(AssertionError, match="Tab key"):
        hand.reach(hand.page.get_by_role("heading", name="Books").first)
