import pytest
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse
from django.views.generic import View

from accounts.middleware import CatalogueLoginMiddleware, catalogue_page

LOGIN = "/accounts/login/"


def credentials(user, **extra):
    return {"username": user.username, "password": f"{user.username}-has-a-secret", **extra}


def test_anyone_may_open_the_page(client, db):
    response = client.get(LOGIN)
    assert response.status_code == 200
    assert "<html" in response.content.decode()


def test_the_right_password_leads_where_one_was_going(client, reader):
    response = client.post(LOGIN, credentials(reader, next="/authors/?page=2"))
    assert response.status_code == 302
    assert response["Location"] == "/authors/?page=2"


@pytest.mark.parametrize("target", ["https://elsewhere.example/", "//elsewhere.example", "\\\\x"])
def test_another_site_is_never_led_to(client, reader, target):
    response = client.post(LOGIN, credentials(reader, next=target))
    assert "elsewhere" not in response["Location"]
    assert response["Location"].startswith("/")


def test_a_wrong_password_gets_a_sentence_and_status_422(client, reader):
    response = client.post(LOGIN, credentials(reader, password="wrong", next="/authors/"))
    assert response.status_code == 422
    page = response.content.decode()
    assert "do not belong together" in page
    assert 'value="/authors/"' in page


def test_an_account_switched_off_cannot_sign_in(client, reader):
    reader.is_active = False
    reader.save()
    assert client.post(LOGIN, credentials(reader)).status_code == 422


def test_htmx_leaves_the_page_as_a_whole(htmx_client, reader):
    response = htmx_client.post(LOGIN, credentials(reader, next="/authors/"))
    assert response["HX-Redirect"] == "/authors/"


def test_who_is_signed_in_does_not_sign_in_again(client_of, reader):
    assert client_of(reader).get(LOGIN).status_code == 302


def test_signing_in_needs_the_form_token(reader):
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(LOGIN, credentials(reader)).status_code == 403


def test_signing_out_is_a_post(client_of, reader):
    client = client_of(reader)
    assert client.get("/accounts/logout/").status_code == 405
    response = client.post("/accounts/logout/")
    assert response.status_code == 302
    assert "_auth_user_id" not in client.session


@pytest.mark.django_db
def test_the_page_leads_to_the_first_visit_while_nobody_is_there(client):
    assert reverse("accounts:first_manager") in client.get(LOGIN).content.decode()


def test_the_page_does_not_speak_of_it_afterwards(client, reader):
    assert reverse("accounts:first_manager") not in client.get(LOGIN).content.decode()


# The door: what the anonymous may open.


class Anonymous:
    is_authenticated = False


class SignedIn:
    is_authenticated = True


def plain(request):
    return HttpResponse()


@catalogue_page
def marked(request):
    return HttpResponse()


@catalogue_page
class MarkedView(View):
    pass


class InheritingView(MarkedView):
    pass


class PlainView(View):
    pass


def verdict(view, user):
    request = RequestFactory().get("/somewhere/?page=2")
    request.user = user
    return CatalogueLoginMiddleware(plain).process_view(request, view, (), {})


@pytest.mark.parametrize("view", [plain, PlainView.as_view()])
def test_a_view_without_a_mark_is_closed_to_the_anonymous(view, settings, reader):
    settings.CATALOG_PUBLIC = True
    response = verdict(view, Anonymous())
    assert response["Location"] == f"{LOGIN}?next=/somewhere/%3Fpage%3D2"
    assert verdict(view, SignedIn()) is None


@pytest.mark.parametrize("view", [marked, MarkedView.as_view(), InheritingView.as_view()])
def test_a_marked_view_is_open_only_while_the_catalogue_is_public(view, settings, reader):
    settings.CATALOG_PUBLIC = True
    assert verdict(view, Anonymous()) is None
    settings.CATALOG_PUBLIC = False
    assert verdict(view, Anonymous()).status_code == 302
    assert verdict(view, SignedIn()) is None


@pytest.mark.django_db
def test_a_refused_first_visitor_is_led_to_the_first_visit_page(settings):
    settings.CATALOG_PUBLIC = False
    assert verdict(marked, Anonymous())["Location"] == reverse("accounts:first_manager")


def test_the_admin_sends_the_anonymous_to_our_own_page(client, reader):
    response = client.get("/admin/", follow=True)
    assert response.redirect_chain[-1][0] == f"{LOGIN}?next=/admin/"


def test_a_reader_gets_403_from_the_admin_and_no_second_sign_in(client_of, reader):
    assert client_of(reader).get("/admin/", follow=True).status_code == 403


# Looking after people.


def test_a_manager_looks_after_people_and_gives_roles(client_of, manager, reader):
    client = client_of(manager)
    page = client.get(f"/admin/accounts/user/{reader.pk}/change/")
    assert page.status_code == 200
    assert 'name="is_superuser"' not in page.content.decode()
    assert 'name="user_permissions"' not in page.content.decode()


def test_a_manager_cannot_lift_themselves_through_a_superuser(
    client_of, manager, django_user_model
):
    root = django_user_model.objects.create_superuser("root", password="x" * 12)
    client = client_of(manager)
    assert client.post(f"/admin/accounts/user/{root.pk}/password/").status_code == 403
    assert client.post(f"/admin/accounts/user/{root.pk}/delete/").status_code == 403


def test_a_cataloguer_does_not_see_people(client_of, cataloguer):
    assert client_of(cataloguer).get("/admin/accounts/user/").status_code == 403
