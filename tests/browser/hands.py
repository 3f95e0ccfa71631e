"""What a person does to a page, in one vocabulary for three ways: with the mouse, with JavaScript
switched off, and with the keyboard alone."""

import re

from playwright.sync_api import Locator, Page

MOUSE, PLAIN, KEYBOARD = WAYS = ("mouse", "plain", "keyboard")
MOST_TABS = 300
MOST_OPTIONS = 20  # of a list, or of a group of radio buttons
HAS_FOCUS = "element => element === document.activeElement"
GROUP_HAS_FOCUS = """({type, name, form}) => {
    const now = document.activeElement;
    return type === "radio" && now.type === "radio" && now.name === name && now.form === form;
}"""


class Hand:
    """`way` says how; labels and names are what a screen reader would say."""

    def __init__(self, page: Page, way: str) -> None:
        self.page = page
        self.way = way

    @property
    def scripts(self) -> bool:
        return self.way != PLAIN

    def field(self, label: str | re.Pattern[str]) -> Locator:
        if isinstance(label, str):  # the whole label; required ones have an asterisk
            label = re.compile(rf"^\s*{re.escape(label)}\s*\*?\s*$", re.IGNORECASE)
        return self.page.get_by_role("main").get_by_label(label).first

    def fill(self, label: str | re.Pattern[str], text: str) -> None:
        field = self.field(label)
        if self.way != KEYBOARD:
            field.fill(text)
            return
        self.reach(field)
        self.page.keyboard.press("Control+A")
        self.page.keyboard.press("Delete")
        self.page.keyboard.type(text)

    def choose(self, label: str | re.Pattern[str], option: str) -> None:
        field = self.field(label)
        if self.way != KEYBOARD:
            field.select_option(label=option)
            return
        self.reach(field)
        self.page.keyboard.type(option.split()[0])  # a space would open the list
        for _option in range(MOST_OPTIONS):
            if field.evaluate("select => select.selectedOptions[0].label") == option:
                return
            self.page.keyboard.press("ArrowDown")
        raise AssertionError(f"{option} cannot be chosen with the keyboard on {self.page.url}")

    def check(self, label: str | re.Pattern[str]) -> None:
        field = self.field(label)
        if self.way != KEYBOARD:
            field.check()
            return
        self.reach(field)
        if field.get_attribute("type") == "radio":
            self.walk_to(field)
        if not field.is_checked():
            self.page.keyboard.press("Space")

    def pick(self, label: str | re.Pattern[str], text: str, name: str) -> None:
        """Type a part of a name and take it from the list that opens; the whole name where none
        does."""
        self.fill(label, text if self.scripts else name)
        if not self.scripts:
            return
        option = self.page.get_by_role("option", name=re.compile(re.escape(name))).first
        option.wait_for(state="visible")
        if self.way != KEYBOARD:
            option.click()
            return
        for _option in range(MOST_OPTIONS):
            if option.get_attribute("aria-selected") == "true":
                break
            self.page.keyboard.press("ArrowDown")
        self.page.keyboard.press("Enter")

    def press(self, name: str | re.Pattern[str], within: str = "main") -> None:
        """A button."""
        self.go_for(self.page.locator(within).get_by_role("button", name=name).first)

    def follow(self, name: str | re.Pattern[str], within: str = "main") -> None:
        """A link."""
        self.go_for(self.page.locator(within).get_by_role("link", name=name).first)

    def sign_in(self, name: str) -> None:
        """On the page that asks for it in the middle of something."""
        self.fill("Username", name)
        self.fill("Password", f"{name}-has-a-secret")
        self.press("Sign in")

    def go_for(self, target: Locator) -> None:
        """Click it, or reach it with Tab and press Enter."""
        if self.way != KEYBOARD:
            target.click()
            return
        self.reach(target)
        self.page.keyboard.press("Enter")

    def walk_to(self, radio: Locator) -> None:
        """Tab stops at one button of a group; the arrows go on from there."""
        for _button in range(MOST_OPTIONS):
            if radio.evaluate(HAS_FOCUS):
                return
            self.page.keyboard.press("ArrowDown")
        raise AssertionError(f"{radio} cannot be reached with the arrow keys on {self.page.url}")

    def reach(self, target: Locator) -> None:
        """Tab on until it has the focus, as somebody without a mouse has to."""
        target.wait_for(state="visible")
        for _tab in range(MOST_TABS):
            if target.evaluate(HAS_FOCUS) or target.evaluate(GROUP_HAS_FOCUS):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"{target} cannot be reached with the Tab key on {self.page.url}")
