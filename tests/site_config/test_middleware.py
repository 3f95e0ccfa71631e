import asyncio

import pytest
from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import connections
from django.http import HttpResponse, HttpResponseRedirect
from django.test import AsyncClient, RequestFactory
from django.urls import reverse

from site_config.middleware import content_security_policy, htmx_manners, policy

pytestmark = pytest.mark.django_db


def through(middleware, response, **request):
    """What becomes of this answer."""
    return middleware(lambda _request: response)(RequestFactory().get("/books/", **request))


# --- Content-Security-Policy ----------------------------------------------------------------


def test_every_page_has_a_strict_policy(client):
    response = client.get(reverse("catalog:book_list"))
    header = response.headers["Content-Security-Policy"]
    assert "default-src 'self'" in header
    assert "frame-ancestors 'none'" in header
    assert "form-action 'self'" in header
    assert "base-uri 'none'" in header
    assert "object-src 'none'" in header
    assert "unsafe" not in header
    assert "http:" not in header
    assert "https:" not in header
    assert "*" not in header


def test_error_pages_have_the_policy_too(client):
    response = client.get("/there-is-no-such-page/")
    assert response.status_code == 404
    assert "default-src 'self'" in response.headers["Content-Security-Policy"]


def test_directives_are_joined_as_the_header_wants_them():
    assert (
        policy({"default-src": ["'self'"], "img-src": ["'self'", "data:"], "sandbox": []})
        == "default-src 'self'; img-src 'self' data:; sandbox"
    )


def test_a_page_with_a_policy_of_its_own_keeps_it():
    response = HttpResponse(headers={"Content-Security-Policy": "default-src 'none'"})
    answer = through(content_security_policy, response)
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'"


@pytest.mark.parametrize(("status", "guarded"), [(200, True), (404, False), (500, False)])
def test_djangos_debug_pages_can_be_read_while_developing(settings, status, guarded):
    settings.DEBUG = True
    answer = through(content_security_policy, HttpResponse(status=status))
    assert ("Content-Security-Policy" in answer.headers) is guarded


# --- htmx -----------------------------------------------------------------------------------


def test_vary_is_patched_and_never_assigned():
    answer = through(htmx_manners, HttpResponse(headers={"Vary": "Cookie"}))
    assert answer.headers["Vary"] == "Cookie, HX-Request"


def test_an_expired_login_sends_htmx_to_the_page_and_not_into_a_table(client, reader):
    response = client.get(
        reverse("catalog:book_create"),
        headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/books/?page=2#top"},
    )
    assert response.status_code == 200
    assert response.headers["HX-Redirect"] == "/accounts/login/?next=%2Fbooks%2F%3Fpage%3D2"
    assert response.content == b""
    assert "HX-Request" in response.headers["Vary"]


def test_the_way_back_never_leads_to_another_site(client, reader):
    response = client.get(
        reverse("catalog:book_create"),
        headers={"HX-Request": "true", "HX-Current-URL": "http://evil.example/books/"},
    )
    assert response.headers["HX-Redirect"] == "/accounts/login/?next=%2Fbooks%2Fnew%2F"


def test_an_address_that_is_none_is_no_way_back(client, reader):
    strange = {"HX-Request": "true", "HX-Current-URL": "http://[::1", "HX-Trigger": "search"}
    response = client.get(reverse("catalog:book_create"), headers=strange)
    assert response.headers["HX-Redirect"] == "/accounts/login/?next=%2Fbooks%2Fnew%2F"
    assert client.get(reverse("catalog:book_list"), headers=strange).status_code == 200


def test_before_anybody_has_an_account_htmx_is_sent_to_the_welcome_page(client):
    response = client.get(reverse("catalog:book_create"), headers={"HX-Request": "true"})
    assert response.headers["HX-Redirect"] == reverse("accounts:first_manager")


def test_without_htmx_the_login_redirect_stays_as_it_is(client):
    response = client.get(reverse("catalog:book_create"))
    assert response.status_code == 302
    assert "HX-Redirect" not in response.headers


@pytest.mark.parametrize("location", ["/books/1/", "/accounts/login-help/", "https://x.example/"])
def test_other_redirects_are_followed_by_the_browser(location):
    answer = through(htmx_manners, HttpResponseRedirect(location), headers={"HX-Request": "true"})
    assert answer.status_code == 302
    assert "HX-Redirect" not in answer.headers


def test_cookies_of_the_refusal_are_kept():
    response = HttpResponseRedirect(f"{reverse('accounts:login')}?next=/")
    response.set_cookie("sessionid", "")
    answer = through(htmx_manners, response, headers={"HX-Request": "true"})
    assert "sessionid" in answer.cookies


@pytest.mark.django_db(transaction=True)
def test_both_run_without_a_thread_under_asgi():
    async def view(request):
        return HttpResponse(headers={"Vary": "Cookie"})

    stack = content_security_policy(htmx_manners(view))
    answer = asyncio.run(stack(RequestFactory().get("/")))
    assert answer.headers["Vary"] == "Cookie, HX-Request"
    assert answer.headers["Content-Security-Policy"] == policy(settings.SECURE_CSP)


@pytest.mark.django_db(transaction=True)
def test_a_page_is_served_under_asgi():
    async def visit():
        response = await AsyncClient().get("/books/")
        await sync_to_async(connections.close_all)()  # those of the thread that served it
        return response

    response = asyncio.run(visit())
    assert response.status_code == 200
    assert "Content-Security-Policy" in response.headers


# --- The charset of forms --------------------------------------------------------------------


@pytest.mark.parametrize("charset", ["punycode", "utf-7", "unicode_escape", "hex", "latin-1"])
def test_a_form_in_another_charset_is_not_read(client, charset):
    kind = f"multipart/form-data; boundary=XX; charset={charset}"
    field = b'--XX\r\nContent-Disposition: form-data; name="username"\r\n\r\n%s\r\n--XX--\r\n'
    response = client.generic("POST", reverse("accounts:login"), field % b"+2AA-", kind)
    assert response.status_code == 400
    assert "This request makes no sense" in response.content.decode()


@pytest.mark.parametrize("charset", ["utf-8", "UTF-8"])
def test_browsers_send_what_is_read(client, charset):
    kind = f"application/x-www-form-urlencoded; charset={charset}"
    response = client.generic("POST", reverse("accounts:login"), b"username=x", kind)
    assert response.status_code == 422
