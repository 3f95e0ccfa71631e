import threading

import pytest
from django.contrib.auth.models import Group
from django.db import OperationalError, connections
from django.urls import reverse

from accounts import setup
from accounts.models import User

PAGE = "/accounts/welcome/"
PERSON = {
    "username": "mara",
    "email": "",
    "password1": "cloth-and-vellum-9",
    "password2": "cloth-and-vellum-9",
}


def answers(**changes):
    return {**PERSON, "token": setup.token(), **changes}


def test_the_address_is_what_the_readme_says():
    assert reverse("accounts:first_manager") == PAGE


@pytest.mark.django_db
def test_the_token_makes_the_first_manager_and_signs_them_in(client):
    response = client.post(PAGE, answers())
    assert response.status_code == 302
    assert response["Location"] == reverse("catalog:home")
    user = User.objects.get()
    assert user.has_perm("catalog.delete_book")
    assert user.check_password("cloth-and-vellum-9")
    assert client.session["_auth_user_id"] == str(user.pk)


@pytest.mark.django_db
@pytest.mark.parametrize("token", ["", "nonsense", "ä", "a" * 24])
def test_a_wrong_token_gets_a_sentence_and_makes_nobody(client, token):
    response = client.post(PAGE, answers(token=token))
    assert response.status_code == 422
    assert not User.objects.exists()
    if token:
        assert "not the token that the console printed" in response.content.decode()


@pytest.mark.django_db
def test_a_token_copied_with_spaces_and_capitals_works(client):
    assert client.post(PAGE, answers(token=f" {setup.token().upper()} ")).status_code == 302


@pytest.mark.django_db
def test_a_weak_password_is_refused_with_its_reason(client):
    response = client.post(PAGE, answers(password1="12345678", password2="12345678"))
    assert response.status_code == 422
    assert "too common" in response.content.decode()


@pytest.mark.django_db
def test_the_link_from_the_console_fills_in_the_token(client):
    response = client.get(PAGE, {"token": setup.token()})
    assert f'value="{setup.token()}"' in response.content.decode()
    assert "no-store" in response["Cache-Control"]


def test_afterwards_the_page_leads_to_signing_in(client, reader):
    for response in (client.get(PAGE), client.post(PAGE, answers())):
        assert response.status_code == 302
        assert response["Location"] == reverse("accounts:login")
    assert User.objects.count() == 1


@pytest.mark.django_db
def test_htmx_leaves_for_the_home_page_as_a_whole(htmx_client):
    response = htmx_client.post(PAGE, answers())
    assert response["HX-Redirect"] == reverse("catalog:home")


def test_another_secret_key_makes_another_token(settings):
    before = setup.token()
    settings.SECRET_KEY = "z" * 60
    assert setup.token() != before
    assert not setup.token_matches(before)


@pytest.mark.django_db
def test_the_console_says_where_and_with_what_token(capsys, settings):
    settings.PORT = 8123
    settings.ALLOWED_HOSTS = ["localhost", "127.0.0.1"]
    setup.announce()
    out = capsys.readouterr().out
    assert f"http://127.0.0.1:8123{PAGE}?token={setup.token()}" in out


@pytest.mark.django_db
def test_a_deployed_site_is_announced_under_its_own_name(capsys, settings):
    settings.ALLOWED_HOSTS = ["localhost", ".books.example.org"]
    settings.HTTPS = True
    setup.announce()
    assert f"https://books.example.org{PAGE}" in capsys.readouterr().out


def test_nothing_is_announced_once_somebody_is_there(capsys, reader):
    setup.announce()
    assert capsys.readouterr().out == ""


def test_an_unmigrated_database_does_not_stop_the_start(capsys, monkeypatch):
    def broken() -> bool:
        raise OperationalError("no such table: accounts_user")

    monkeypatch.setattr(setup, "needed", broken)
    setup.announce()
    assert capsys.readouterr().out == ""


@pytest.mark.django_db(transaction=True)
def test_of_two_people_at_once_only_one_becomes_first():
    ready = threading.Barrier(4)
    outcomes: list[str] = []

    def become(name: str) -> None:
        try:
            ready.wait(10)
            setup.create_first_manager(User(username=name, password="!"))
            outcomes.append("manager")
        except setup.AlreadySetUp:
            outcomes.append("too late")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=become, args=(f"person-{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(outcomes) == ["manager", "too late", "too late", "too late"]
    assert Group.objects.get(name="manager").user_set.count() == 1


@pytest.mark.django_db
def test_the_empty_front_page_leads_there(client):
    assert PAGE in client.get("/").content.decode()


def test_the_front_page_does_not_speak_of_it_afterwards(client, client_of, reader):
    assert PAGE not in client.get("/").content.decode()
    assert PAGE not in client_of(reader).get("/").content.decode()
