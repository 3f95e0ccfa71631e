"""A real Chromium in front of a real server; whatever it complains about fails the test."""

import os
import shutil
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request

from tests.browser.hands import PLAIN, WAYS, Hand
from tests.browser.site import Site

ARGUMENTS = [
    "--no-sandbox",  # CI runs as root
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
]
REPORT_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) => console.error(
  "CSP violation:", event.violatedDirective, event.blockedURI, event.sourceFile, event.lineNumber
));
"""


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Generator[None]:
    """Browser tests come last: Playwright keeps an event loop running in this thread, and where
    one runs Django refuses to touch the database."""
    here = [item for item in items if Path(__file__).parent in item.path.parents]
    for item in here:
        item.add_marker(pytest.mark.browser)
    yield  # -m and -k choose, others put in order
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict) -> dict:
    """Chromium as the system has it; Playwright's own download is not needed."""
    names = ("chromium", "chromium-browser", "google-chrome")
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        if os.environ.get("CI") == "true":
            pytest.fail("No Chromium was found, and with CI=true the browser tests must run.")
        pytest.skip("No Chromium was found (chromium, chromium-browser or google-chrome).")
    return {**browser_type_launch_args, "executable_path": found, "args": ARGUMENTS}


class Guard:
    """Collects what a page must not do: console errors, CSP violations, other hosts."""

    def __init__(self) -> None:
        self.complaints: list[str] = []
        self.expected: list[str] = []

    def expect(self, text: str) -> None:
        """This text in a complaint is part of the test."""
        self.expected.append(text)

    def watch(self, context: BrowserContext) -> None:
        context.add_init_script(REPORT_VIOLATIONS)
        context.on("console", self._console)
        context.on("weberror", lambda error: self.complaints.append(f"error: {error.error}"))
        context.on("request", self._request)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"console {message.type}: {message.text}")

    def _request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob", "about") and parts.hostname != "127.0.0.1":
            self.complaints.append(f"request to another host: {request.url}")

    def check(self) -> None:
        left = [
            complaint
            for complaint in self.complaints
            if not any(text in complaint for text in self.expected)
        ]
        assert not left, "\n".join(left)


@pytest.fixture
def guard() -> Iterator[Guard]:
    guard = Guard()
    yield guard
    guard.check()


@pytest.fixture
def context(new_context: Callable[..., BrowserContext], guard: Guard) -> BrowserContext:
    """The page of every test is guarded."""
    context = new_context()
    context.set_default_timeout(15_000)
    guard.watch(context)
    return context


@pytest.fixture
def plain_page(new_context: Callable[..., BrowserContext], guard: Guard) -> Page:
    """A browser with JavaScript switched off."""
    context = new_context(java_script_enabled=False)
    context.set_default_timeout(15_000)
    context.on("request", guard._request)
    return context.new_page()


@pytest.fixture(params=WAYS)
def hand(request: pytest.FixtureRequest) -> Hand:
    """The test runs three times: with the mouse, without JavaScript, with the keyboard alone."""
    page = request.getfixturevalue("plain_page" if request.param == PLAIN else "page")
    return Hand(page, request.param)


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """Migrated, static files collected, empty; never started itself."""
    site = Site(tmp_path_factory.mktemp("prepared"))
    site.manage("prepare")
    return site


@pytest.fixture(scope="session")
def peopled(prepared: Site, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """With a reader, a cataloguer and a manager."""
    site = prepared.copy(tmp_path_factory.mktemp("peopled") / "var")
    site.add_people()
    return site


@pytest.fixture
def empty_site(prepared: Site, tmp_path: Path) -> Iterator[Site]:
    """The first visit: nobody has an account, no book is there."""
    site = prepared.copy(tmp_path / "var").start()
    yield site
    site.stop()


@pytest.fixture
def site(peopled: Site, tmp_path: Path) -> Iterator[Site]:
    """People, but no books; for tests that change something."""
    site = peopled.copy(tmp_path / "var").start()
    yield site
    site.stop()


@pytest.fixture(scope="session")
def library(peopled: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Two thousand books, shared by tests that only look."""
    site = peopled.copy(tmp_path_factory.mktemp("library") / "var")
    site.manage("make_books", "2000")
    site.start()
    yield site
    site.stop()


@pytest.fixture(scope="session")
def workshop(peopled: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """People, shared by tests that bring records of their own and touch no others."""
    site = peopled.copy(tmp_path_factory.mktemp("workshop") / "var").start()
    yield site
    site.stop()


@pytest.fixture(scope="session")
def sign_in() -> Callable[..., None]:
    """`sign_in(page, site, "cataloguer")`: through the form, as a person does."""

    def sign_in(page: Page, site: Site, name: str) -> None:
        page.goto(f"{site.url}/accounts/login/")
        page.get_by_label("Username").fill(name)
        page.get_by_label("Password").fill(f"{name}-has-a-secret")
        page.get_by_role("main").get_by_role("button", name="Sign in").click()
        page.wait_for_url(lambda url: "/login/" not in url)

    return sign_in


@pytest.fixture
def assert_accessible() -> Callable[[Page], None]:
    """axe finds nothing on the page as it stands, neither in light nor in dark."""

    def assert_accessible(page: Page) -> None:
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            page.wait_for_timeout(100)  # transitions between the themes
            results = Axe().run(page)
            assert results.violations_count == 0, (
                f"{page.url}, {scheme}: {results.generate_report()}"
            )
        page.emulate_media(color_scheme="light")

    return assert_accessible
