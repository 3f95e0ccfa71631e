import pytest

from catalog.models import Author, Publisher
from tests.catalog.search.shelves import needs_books

pytestmark = needs_books

AUTHORS, PUBLISHERS = "/authors/pick/", "/publishers/pick/"
JSON = {"accept": "application/json"}


@pytest.fixture
def ursula(db):
    return Author.objects.create(name="Ursula K. Le Guin", sort_name="Le Guin, Ursula K.")


@pytest.mark.parametrize("url", [AUTHORS, PUBLISHERS])
def test_the_anonymous_are_sent_to_sign_in(client, manager, url):
    response = client.get(url, {"q": "le guin"})
    assert response.status_code == 302
    assert "/login/" in response["Location"]


@pytest.mark.parametrize("url", [AUTHORS, PUBLISHERS])
def test_readers_may_not(client_of, reader, url):
    assert client_of(reader).get(url, {"q": "le guin"}).status_code == 403


@pytest.mark.parametrize("url", [AUTHORS, PUBLISHERS])
def test_asking_is_no_action(client_of, cataloguer, url):
    assert client_of(cataloguer).post(url).status_code == 405


def test_options_of_a_list_box(client_of, cataloguer, ursula):
    response = client_of(cataloguer).get(AUTHORS, {"q": "guin"})
    html = response.content.decode()
    assert response.status_code == 200
    assert "<html" not in html
    assert html.count('role="option"') == 2
    assert f'data-id="{ursula.pk}" data-text="Ursula K. Le Guin"' in html
    assert "no books yet" in html
    assert 'data-id="new guin" data-text="guin"' in html
    assert "no-store" in response["Cache-Control"]


def test_nothing_new_is_offered_where_the_name_is_known(client_of, cataloguer, ursula):
    html = client_of(cataloguer).get(AUTHORS, {"q": "le guin, ursula k"}).content.decode()
    assert "data-exact" in html
    assert "data-new" not in html


def test_nothing_new_is_offered_to_whoever_may_not_add(
    client_of, reader, ursula, django_user_model
):
    from django.contrib.auth.models import Permission

    reader.user_permissions.add(Permission.objects.get(codename="change_book"))
    html = client_of(reader).get(AUTHORS, {"q": "guin"}).content.decode()
    assert "Le Guin" in html
    assert "data-new" not in html


def test_the_same_as_json(client_of, cataloguer, ursula):
    response = client_of(cataloguer).get(AUTHORS, {"q": "leguin"}, headers=JSON)
    assert response.json() == {
        "results": [
            {
                "id": ursula.pk,
                "name": "Ursula K. Le Guin",
                "label": "Ursula K. Le Guin",
                "qualifier": "",
                "files_under": "Le Guin, Ursula K.",
                "books": 0,
                "about": ["no books yet"],
                "exact": False,
            }
        ],
        "new": {"id": "new leguin", "name": "leguin", "about": "New, files under “leguin”."},
    }
    assert "Accept" in response["Vary"]


def test_publishers_alike(client_of, cataloguer):
    Publisher.objects.create(name="Suhrkamp", city="Berlin", country="Germany")
    html = client_of(cataloguer).get(PUBLISHERS, {"q": "surhkamp"}).content.decode()
    assert "Suhrkamp" in html
    assert "Berlin, Germany" in html
    assert "Create “<bdi>surhkamp</bdi>”" in html


@pytest.mark.parametrize(
    "text", ["", "  ", "\0", "%", "x" * 10_000, "<script>alert(1)</script>", "*"]
)
@pytest.mark.parametrize("url", [AUTHORS, PUBLISHERS])
def test_hostile_text_is_text(client_of, cataloguer, ursula, url, text):
    response = client_of(cataloguer).get(url, {"q": text})
    assert response.status_code == 200
    assert b"<script>" not in response.content


def test_a_fixed_number_of_queries(client_of, cataloguer, ursula, django_assert_num_queries):
    client = client_of(cataloguer)
    # 1. session  2. user  3. and 4. permissions, then those of the search:
    # 5. exact  6. index  7. rows  8. books  9. close words  10. index
    with django_assert_num_queries(10):
        client.get(AUTHORS, {"q": "guin"})
