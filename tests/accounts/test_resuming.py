"""An expired session on submit: sign in, and the filled form is there again."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts import resuming
from catalog.models import Publisher

pytestmark = pytest.mark.django_db
LOGIN = "/accounts/login/"


@pytest.fixture
def url():
    return reverse("catalog:publisher_create")


def carried(response):
    found = re.search(r'name="typed" value="([^"]+)"', response.content.decode())
    assert found, response.content.decode()
    return found[1]


def sign_in(client, user, **extra):
    password = f"{user.username}-has-a-secret"
    return client.post(LOGIN, {"username": user.username, "password": password, **extra})


def test_what_was_typed_is_on_the_form_again_after_signing_in(client, cataloguer, url):
    response = client.post(url, {"name": "Faber & <Faber>", "city": "London"})
    assert response.status_code == 403
    assert "Sign in: then your form is here again" in response.content.decode()
    assert "no-store" in response["Cache-Control"]
    response = sign_in(client, cataloguer, typed=carried(response), next="/books/")
    assert response["Location"] == url
    page = client.get(url).content.decode()
    assert 'value="Faber &amp; &lt;Faber&gt;"' in page
    assert 'value="London"' in page
    assert "Nothing of it is saved yet" in page
    assert not Publisher.objects.exists()
    assert "London" not in client.get(url).content.decode()  # once


def test_the_address_of_the_form_is_kept_with_its_query(client, cataloguer, make_publisher):
    url = reverse("catalog:publisher_update", args=(make_publisher("Ace").pk,)) + "?list=q%3Dx"
    typed = carried(client.post(url, {"name": "Ace Books"}))
    assert sign_in(client, cataloguer, typed=typed)["Location"] == url
    assert 'value="Ace Books"' in client.get(url).content.decode()
    assert Publisher.objects.get().name == "Ace"


def test_a_wrong_password_loses_nothing(client, cataloguer, url):
    typed = carried(client.post(url, {"name": "Ace"}))
    wrong = client.post(LOGIN, {"username": "cataloguer", "password": "wrong", "typed": typed})
    assert wrong.status_code == 422
    sign_in(client, cataloguer, typed=carried(wrong))
    assert 'value="Ace"' in client.get(url).content.decode()


def test_who_signed_in_in_another_tab_gets_there_too(client, cataloguer, url):
    typed = carried(client.post(url, {"name": "Ace"}))
    sign_in(client, cataloguer)
    assert sign_in(client, cataloguer, typed=typed)["Location"] == url
    assert 'value="Ace"' in client.get(url).content.decode()


def test_a_form_with_the_token_of_an_older_session_comes_back_filled(cataloguer, url):
    browser = Client(enforce_csrf_checks=True, headers={"origin": "http://testserver"})
    browser.force_login(cataloguer)
    response = browser.post(url, {"name": "Ace", "csrfmiddlewaretoken": "of another session"})
    assert response["Location"] == url
    page = browser.get(url).content.decode()
    assert 'value="Ace"' in page
    assert "of another session" not in page
    assert not Publisher.objects.exists()


@pytest.mark.parametrize("origin", ["https://elsewhere.example", "https://testserver", "null"])
def test_a_form_of_another_site_fills_nothing(cataloguer, url, origin):
    browser = Client(enforce_csrf_checks=True, headers={"origin": origin})
    browser.force_login(cataloguer)
    assert browser.post(url, {"name": "Ace"}).status_code == 403
    assert 'value="Ace"' not in browser.get(url).content.decode()


def test_files_must_be_chosen_again_and_both_pages_say_so(client, cataloguer, url):
    file = SimpleUploadedFile("jacket.jpg", b"x", "image/jpeg")
    response = client.post(url, {"name": "Ace", "file": file})
    assert "jacket.jpg" in response.content.decode()
    sign_in(client, cataloguer, typed=carried(response))
    assert "jacket.jpg" in client.get(url).content.decode()


def test_more_than_can_be_carried_is_said(client, reader, url):
    response = client.post(url, {"name": "x" * (resuming.MOST + 1)})
    assert "too long to come along" in response.content.decode()
    assert len(response.content) < 20_000


def test_after_what_was_too_long_the_form_shows_the_record_and_not_an_empty_form(
    client, cataloguer, make_publisher
):
    url = reverse("catalog:publisher_update", args=(make_publisher("Ace").pk,))
    page = client.post(url, {"name": "x" * (resuming.MOST + 1)}).content.decode()
    assert 'name="typed"' not in page
    assert f'name="next" value="{url}"' in page
    assert sign_in(client, cataloguer, next=url)["Location"] == url
    page = client.get(url).content.decode()
    assert 'value="Ace"' in page
    assert "Nothing of it is saved yet" not in page


def test_a_page_to_sign_in_on_that_carries_nothing_of_it_fills_no_form(
    client, cataloguer, make_publisher
):
    url = reverse("catalog:publisher_update", args=(make_publisher("Ace").pk,))
    sign_in(client, cataloguer, typed=resuming.pack(resuming.Typed(url, too_long=True)))
    assert 'value="Ace"' in client.get(url).content.decode()


def test_an_old_token_with_what_is_too_long_leads_to_no_empty_form(cataloguer, url):
    browser = Client(enforce_csrf_checks=True, headers={"origin": "http://testserver"})
    browser.force_login(cataloguer)
    assert browser.post(url, {"name": "x" * (resuming.MOST + 1)}).status_code == 403
    assert resuming.KEY not in browser.session


@pytest.mark.parametrize("path", ["https://elsewhere.example/", "//elsewhere.example/"])
def test_nobody_is_led_to_another_site(client, cataloguer, path):
    typed = resuming.pack(resuming.Typed(path, [["name", "x"]]))
    assert "elsewhere" not in sign_in(client, cataloguer, typed=typed)["Location"]


@pytest.mark.parametrize("typed", ["", "nonsense", "a:b:c"])
def test_what_was_not_signed_here_is_ignored(client, cataloguer, typed):
    assert sign_in(client, cataloguer, typed=typed)["Location"] == reverse("catalog:book_list")
    assert resuming.KEY not in client.session


def test_the_page_is_not_left_when_a_part_of_it_was_asked_for(htmx_client, reader, url):
    page = {"HX-Current-URL": f"http://testserver{url}"}
    response = htmx_client.post(f"{url}?field=name", {"name": "Ace"}, headers=page)
    assert response.status_code == 200
    assert "HX-Redirect" not in response
    assert "signed out" in response.content.decode()
    assert "<html" not in response.content.decode()
    response = htmx_client.post(reverse("catalog:import_create"), headers=page)
    assert response.status_code == 401
    assert "HX-Redirect" not in response


def test_other_forms_ask_to_sign_in_as_ever(client, reader):
    response = client.post(reverse("catalog:import_create"))
    assert response.status_code == 302
    assert response["Location"].startswith(LOGIN)
