import pytest
from django import forms

from catalog.forms.picking import AuthorPickField, Picked, PublisherPickField, Typed
from catalog.models import Author, Publisher
from tests.catalog.search.shelves import needs_books

pytestmark = needs_books


class Form(forms.Form):
    who = AuthorPickField(required=False)
    house = PublisherPickField(required=False)


@pytest.fixture
def ursula(db):
    return Author.objects.create(name="Ursula K. Le Guin", sort_name="Le Guin, Ursula K.")


@pytest.fixture
def smiths(db):
    return [
        Author.objects.create(name="John Smith", qualifier=qualifier)
        for qualifier in ("historian", "baker")
    ]


def picked(text, chosen="", name="who"):
    form = Form({name: text, f"{name}_id": str(chosen)})
    assert form.is_valid(), form.errors
    return form.cleaned_data[name]


def refused(text, chosen="", name="who"):
    form = Form({name: text, f"{name}_id": str(chosen)})
    assert not form.is_valid()
    return form.errors.as_data()[name][0].code, form


def test_nothing_typed_is_nothing(db):
    assert picked("") is None
    assert picked("  ", 12) is None


def test_what_is_required_must_be_typed(db):
    field = AuthorPickField()
    with pytest.raises(forms.ValidationError, match="Type a name"):
        field.clean(Typed(" ", ""))


def test_an_exact_name_is_taken_whatever_its_capitals_and_accents(ursula):
    for text in (
        "Ursula K. Le Guin",
        "URSULA K LE GUIN",
        "Le Guin, Ursula K.",
        " ursula  k. le güin",
    ):
        assert picked(text) == Picked(ursula.pk, "Ursula K. Le Guin")


def test_a_chosen_record_is_taken_while_the_text_is_its_name(ursula, smiths):
    baker = smiths[1]
    assert picked("John Smith (baker)", baker.pk) == Picked(baker.pk, "John Smith")
    assert picked("John Smith", baker.pk).pk == baker.pk


def test_text_that_is_no_longer_the_chosen_name_wins(ursula, smiths):
    assert picked("Ursula K. Le Guin", smiths[0].pk).pk == ursula.pk
    assert picked("Charles Vess", ursula.pk) == Picked(None, "Charles Vess")


@pytest.mark.parametrize("chosen", ["x", "-1", "999999", "9" * 30, "²", "new", "new x", "12 "])
def test_an_id_that_makes_no_sense_is_ignored(ursula, chosen):
    assert picked("Ursula K. Le Guin", chosen).pk == ursula.pk
    assert picked("Charles Vess", chosen) == Picked(None, "Charles Vess")


def test_a_new_name_is_kept_as_typed(db):
    assert picked("  Charles   Vess ") == Picked(None, "Charles Vess")
    assert picked("村上春樹") == Picked(None, "村上春樹")


def test_namesakes_come_back_as_a_list_to_choose_from(smiths):
    code, form = refused("john smith")
    assert code == "namesakes"
    html = str(form["who"])
    assert 'value="john smith"' in html  # what was typed stays
    for smith in smiths:
        assert f'<option value="{smith.pk} john smith">John Smith ({smith.qualifier})' in html
        assert picked("john smith", f"{smith.pk} john smith").pk == smith.pk
    assert 'value="new' not in html  # there could not be a third without a qualifier


def test_a_qualifier_in_brackets_chooses_among_namesakes(smiths):
    assert picked("John Smith (Baker)").pk == smiths[1].pk
    assert refused("John Smith (poet)")[0] == "similar"


def test_a_similar_name_is_asked_about_and_can_be_new_all_the_same(ursula):
    code, form = refused("Ursula Le Guin")
    assert code == "similar"
    html = str(form["who"])
    assert f'<option value="{ursula.pk} ursula le guin">Ursula K. Le Guin' in html
    assert '<option value="new ursula le guin">' in html
    assert picked("Ursula Le Guin", f"{ursula.pk} ursula le guin").pk == ursula.pk
    assert picked("Ursula Le Guin", "new ursula le guin") == Picked(None, "Ursula Le Guin")


def test_a_choice_counts_only_for_the_text_it_was_made_for(ursula):
    assert picked("Charles Vess", f"{ursula.pk} ursula le guin") == Picked(None, "Charles Vess")
    assert refused("Ursula Le Gwin", "new ursula le guin")[0] == "similar"


def test_whoever_may_not_add_gets_known_names_only(ursula):
    field = AuthorPickField(allow_new=False)
    found = field.clean(Typed("ursula k le guin", ""))
    assert found == Picked(ursula.pk, "Ursula K. Le Guin")
    with pytest.raises(forms.ValidationError, match="may not add"):
        field.clean(Typed("Charles Vess", ""))


@pytest.mark.parametrize("text", ["x" * 201, "y" * 10_000, f"John Smith ({'z' * 51})"])
def test_too_long_is_said_and_nothing_is_lost(db, text):
    _code, form = refused(text)
    assert f'value="{text}"' in str(form["who"])


@pytest.mark.parametrize("text", ["<script>", "a\0b", "%", "'\"", "(", "()", "( )", "\u202egnirts"])
def test_hostile_text_is_a_name_like_any_other(db, text):
    assert picked(text).pk is None
    assert "<script>" not in str(Form({"who": text})["who"])


def test_a_publisher_is_picked_alike(db):
    house = Publisher.objects.create(name="Éditions Gallimard", city="Paris")
    assert picked("editions gallimard", name="house").pk == house.pk
    code, form = refused("Galimard", name="house")
    assert code == "similar"
    assert "Éditions Gallimard – Paris, no books yet" in str(form["house"])
    assert picked("Ace (Books)", name="house") == Picked(None, "Ace (Books)")


# --- What the page shows ----------------------------------------------------------------------


def test_a_record_its_key_and_what_was_picked_are_shown_alike(smiths):
    baker = smiths[1]
    for value in (baker, baker.pk):
        html = str(Form(initial={"who": value})["who"])
        assert 'value="John Smith (baker)"' in html
        assert f'name="who_id" value="{baker.pk}"' in html
    html = str(Form(initial={"who": Picked(baker.pk, "John Smith")})["who"])
    assert f'name="who_id" value="{baker.pk}"' in html


def test_a_new_name_says_how_it_will_be_filed_and_stays_decided(ursula):
    form = Form({"who": "Ursula Le Guin", "who_id": "new ursula le guin", "house": "x" * 300})
    assert not form.is_valid()
    html = str(form["who"])
    assert 'name="who_id" value="new ursula le guin"' in html
    assert "files under “Le Guin, Ursula”" in html


def test_a_changed_text_or_choice_is_a_change(ursula, smiths):
    def changed(text, chosen=""):
        data = {"who": text, "who_id": str(chosen)}
        return "who" in Form(data, initial={"who": ursula}).changed_data

    assert not changed("Ursula K. Le Guin", ursula.pk)
    assert not changed("ursula k le guin")
    assert changed("")
    assert changed("Charles Vess", ursula.pk)
    assert changed("Ursula K. Le Guin", smiths[0].pk)
