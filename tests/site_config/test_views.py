import json
import os

import pytest
from django.contrib import messages
from django.contrib.auth.models import Permission
from django.contrib.messages.storage.fallback import FallbackStorage
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.http import HttpResponse
from django.template import loader
from django.test import Client, RequestFactory
from django.urls import reverse

from site_config import views

pytestmark = pytest.mark.django_db


# --- Fragment or page -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "fragment"),
    [
        ({}, False),
        ({"HX-Request": "true"}, True),
        ({"HX-Request": "true", "HX-History-Restore-Request": "true"}, False),
        ({"HX-Request": "true", "HX-Boosted": "true"}, False),
        ({"HX-Request": "true", "HX-Boosted": "true", "HX-Target": "results"}, True),
        ({"HX-Request": "true", "HX-Boosted": "true", "HX-Target": "other"}, False),
        ({"HX-Boosted": "true", "HX-Target": "results"}, False),
    ],
)
def test_who_gets_a_fragment(headers, fragment):
    request = RequestFactory().get("/", headers=headers)
    assert views.wants_partial(request, "results") is fragment


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        ("application/json", True),
        ("text/html,application/xhtml+xml,*/*;q=0.8", False),
        ("*/*", False),
        ("text/html;q=0.5, application/json", True),
        ("", False),
    ],
)
def test_json_is_for_those_who_ask_for_it(accept, wanted):
    request = RequestFactory().get("/", headers={"Accept": accept} if accept else {})
    assert views.wants_json(request) is wanted


# --- Conditional answers --------------------------------------------------------------------


def test_a_page_that_did_not_change_is_not_sent_again(client, make_books):
    make_books(2)
    url = reverse("catalog:book_list")
    client.get(url)  # sets the cookie that the tag depends on
    first = client.get(url)
    assert first.headers["Cache-Control"] == "private, no-cache"
    for header in ("Cookie", "Accept", "HX-Request", "HX-Target"):
        assert header in first.headers["Vary"]
    again = client.get(url, headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    assert again.content == b""
    assert again.headers["ETag"] == first.headers["ETag"]
    since = client.get(url, headers={"If-Modified-Since": first.headers["Last-Modified"]})
    assert since.status_code == 304


@pytest.mark.django_db(transaction=True)
def test_a_change_anywhere_in_the_catalogue_sends_the_page_again(client, make_books):
    make_books(1)
    url = reverse("catalog:book_list")
    client.get(url)
    tag = client.get(url).headers["ETag"]
    make_books(1, title="Another")
    response = client.get(url, headers={"If-None-Match": tag})
    assert response.status_code == 200
    assert b"Another" in response.content


def test_the_tag_knows_whose_page_it_is_and_how_it_looks(
    client, client_of, reader, cataloguer, make_books
):
    make_books(1)
    url = reverse("catalog:book_list")
    client.get(url)
    tags = {client.get(url).headers["ETag"]}
    tags.add(client.get(url, headers={"HX-Request": "true"}).headers["ETag"])
    tags.add(client.get(url, headers={"Accept": "application/json"}).headers["ETag"])
    tags.add(client.get(url, {"page": 1}).headers["ETag"])
    client.cookies["theme"] = "dark"
    tags.add(client.get(url).headers["ETag"])
    for person in (reader, cataloguer):
        tags.add(client_of(person).get(url).headers["ETag"])
    assert len(tags) == 7


def test_a_right_that_was_taken_away_changes_the_tag(client_of, cataloguer):
    url = reverse("catalog:book_list")
    browser = client_of(cataloguer)
    browser.get(url)
    tag = browser.get(url).headers["ETag"]
    cataloguer.groups.clear()
    assert browser.get(url, headers={"If-None-Match": tag}).status_code == 200


@pytest.mark.parametrize("right", views.RIGHTS_SHOWN)
def test_a_right_given_alone_changes_the_tag(client_of, reader, right):
    url = reverse("catalog:book_list")
    browser = client_of(reader)
    browser.get(url)
    tag = browser.get(url).headers["ETag"]
    reader.user_permissions.add(Permission.objects.get(codename=right))
    assert browser.get(url, headers={"If-None-Match": tag}).status_code == 200


def test_head_builds_no_page(client, make_books, django_assert_num_queries):
    make_books(3)
    # 1. the state of the catalogue
    with django_assert_num_queries(1):
        response = client.head(reverse("catalog:book_list"))
    assert response.status_code == 200
    assert response.headers["ETag"]
    assert response.headers["Last-Modified"]


def test_waiting_messages_are_shown_and_not_answered_with_304(client, make_books, rf):
    make_books(1)
    url = reverse("catalog:book_list")
    client.get(url)
    tag = client.get(url).headers["ETag"]
    request = rf.get("/")
    request.session = {}
    request._messages = FallbackStorage(request)
    messages.success(request, "Saved.")
    response = HttpResponse()
    request._messages.update(response)
    client.cookies["messages"] = response.cookies["messages"].value
    shown = client.get(url, headers={"If-None-Match": tag})
    assert shown.status_code == 200
    assert b"Saved." in shown.content
    assert "ETag" not in shown.headers


def test_an_undoable_message_has_a_button_that_posts(client, make_books, rf):
    request = rf.get("/")
    request.session = {}
    request._messages = FallbackStorage(request)
    views.undoable(request, "“Dune & Co” was deleted.", "/books/7/undelete/")
    messages.success(request, "Saved.", extra_tags="wide")
    response = HttpResponse()
    request._messages.update(response)
    client.cookies["messages"] = response.cookies["messages"].value
    page = client.get(reverse("catalog:book_list")).content.decode()
    assert "“Dune &amp; Co” was deleted." in page
    assert page.count("Undo</button>") == 1
    form = page.partition('<form method="post" action="/books/7/undelete/">')[2]
    assert form.startswith('<input type="hidden" name="csrfmiddlewaretoken"')


def test_a_new_release_outlives_no_page(monkeypatch, client, make_books):
    make_books(1)
    url = reverse("catalog:book_list")
    client.get(url)
    tag = client.get(url).headers["ETag"]
    monkeypatch.setattr(views, "release", lambda: "next")
    assert client.get(url, headers={"If-None-Match": tag}).status_code == 200


def test_a_release_is_known_by_its_files_even_if_all_have_one_time(settings, tmp_path):
    settings.BASE_DIR, settings.DEBUG = tmp_path, True  # looks anew each time
    page = tmp_path / "templates" / "page.html"
    page.parent.mkdir()
    seen = set()
    for text in ("<h1>one</h1>", "<h1>another</h1>"):
        page.write_text(text)
        os.utime(page, (0, 0))
        seen.add(views.release())
    views._release.cache_clear()
    assert len(seen) == 2


# --- Light and dark -------------------------------------------------------------------------


def test_the_theme_is_kept_in_a_cookie_and_rendered_by_the_server(client):
    response = client.post(
        reverse("theme"), {"theme": "dark"}, headers={"Referer": "http://testserver/authors/?q=a"}
    )
    assert response.status_code == 302
    assert response.headers["Location"] == "/authors/?q=a"
    page = client.get(reverse("catalog:book_list")).content.decode()
    assert 'data-bs-theme="dark"' in page
    assert '<meta name="color-scheme" content="dark">' in page


def test_the_system_decides_again(client):
    client.post(reverse("theme"), {"theme": "dark"})
    client.post(reverse("theme"), {"theme": "system"})
    assert b"data-bs-theme" not in client.get(reverse("catalog:book_list")).content


@pytest.mark.parametrize("page", ["//evil.example/", "///evil.example/", "//evil.example/?q=a"])
def test_the_theme_leads_back_to_no_other_site(client, page):
    headers = {"Referer": f"http://testserver{page}"}
    response = client.post(reverse("theme"), {"theme": "dark"}, headers=headers)
    assert response.headers["Location"] == "/"


def test_nothing_but_a_theme_gets_into_the_page(client):
    client.cookies["theme"] = '"><script>'
    assert b"data-bs-theme" not in client.get(reverse("catalog:book_list")).content


@pytest.mark.parametrize("referer", ["", "http://evil.example/", "javascript:alert(1)"])
def test_the_switch_leads_to_no_other_site(client, referer):
    response = client.post(reverse("theme"), {"theme": "dark"}, headers={"Referer": referer})
    assert response.headers["Location"] == "/"


def test_the_script_gets_no_page(client):
    response = client.post(
        reverse("theme"), {"theme": "light"}, headers={"X-Requested-With": "fetch"}
    )
    assert response.status_code == 204
    assert response.cookies["theme"].value == "light"


def test_looking_at_an_address_changes_no_theme(client):
    assert client.get(reverse("theme")).status_code == 405


def test_the_theme_can_be_chosen_before_signing_in(client, settings):
    settings.CATALOG_PUBLIC = False
    response = client.post(reverse("theme"), {"theme": "dark"})
    assert response.cookies["theme"].value == "dark"


# --- Failures -------------------------------------------------------------------------------


def test_a_page_that_is_not_there_says_so_in_the_frame(client):
    response = client.get("/no/such/page/")
    assert response.status_code == 404
    assert b"There is no such page" in response.content
    assert b'role="search"' in response.content


def test_a_refused_page_says_whom_to_ask(client_of, reader):
    response = client_of(reader).get(reverse("catalog:book_create"))
    assert response.status_code == 403
    assert b"You may not see this" in response.content


def test_an_old_form_says_what_to_do(make_books):
    response = Client(enforce_csrf_checks=True).post(reverse("theme"), {"theme": "dark"})
    assert response.status_code == 403
    assert b"This form is too old" in response.content


def test_a_damaged_request_and_one_that_is_too_large(rf, django_assert_num_queries):
    request = rf.get("/")
    assert views.bad_request(request, SuspiciousOperation("x")).status_code == 400
    response = views.bad_request(request, RequestDataTooBig("x"))
    assert response.status_code == 413
    assert b"too much at once" in response.content


def test_the_page_for_our_own_mistakes_needs_nothing(rf, django_assert_num_queries):
    with django_assert_num_queries(0):
        response = views.server_error(rf.get("/"))
    assert response.status_code == 500
    assert b"Something went wrong" in response.content
    assert b"<script" not in response.content


def test_even_broken_templates_get_a_sentence(rf, monkeypatch):
    def broken(name):
        raise OSError("no disk")

    monkeypatch.setattr(loader, "get_template", broken)
    response = views.server_error(rf.get("/"))
    assert response.status_code == 500
    assert b"try again later" in response.content


def test_the_handlers_are_ours():
    from site_config import urls

    assert urls.handler400 == "site_config.views.bad_request"
    assert urls.handler500 == "site_config.views.server_error"


def test_htmx_is_told_what_it_may_do(client):
    page = client.get(reverse("catalog:book_list")).content.decode()
    start = page.index("content='{") + len("content='")
    config = json.loads(page[start : page.index("'", start)])
    assert config["allowEval"] is False
    assert config["selfRequestsOnly"] is True
    assert config["disableInheritance"] is True
    assert config["includeIndicatorStyles"] is False
    swapped = {rule["code"]: rule["swap"] for rule in config["responseHandling"]}
    assert swapped == {"204": False, "[23]..": True, "422": True, "[45]..": False}
