import pytest
from django.core.management import call_command
from hypothesis import assume, given
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from catalog.models import Author, Publisher
from catalog.search import rebuilding, spelling
from catalog.search.backends import backend
from catalog.search.base import AUTHORS, PUBLISHERS
from tests.catalog.search.shelves import needs_books

pytestmark = needs_books

WORDS = st.text("abcde", min_size=4, max_size=11)


def near(word, table=AUTHORS):
    return spelling.near(table, [word])[word]


@st.composite
def slips(draw):
    """A word, and the same with one or two errors."""
    word = draw(WORDS)
    typed = list(word)
    for _error in range(draw(st.integers(1, 2))):
        place = draw(st.integers(0, len(typed) - 1))
        kind = draw(st.sampled_from(["more", "less", "other", "swapped"]))
        if kind == "more":
            typed.insert(place, draw(st.sampled_from("abcde")))
        elif kind == "less" and len(typed) > 3:
            del typed[place]
        elif kind == "other":
            typed[place] = draw(st.sampled_from("abcde"))
        elif place:
            typed[place - 1], typed[place] = typed[place], typed[place - 1]
    return word, "".join(typed)


@given(slips())
def test_every_word_within_the_errors_forgiven_shares_a_part(slip):
    word, typed = slip
    shorter = min(len(word), len(typed))
    assume(0 < OSA.distance(word, typed) <= spelling.errors(shorter))
    kept = {part for part, _word in spelling.rows(AUTHORS, [word])}
    assert kept & set(spelling._probes(AUTHORS, typed))


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("tolkein", "tolkien"),
        ("tolkin", "tolkien"),
        ("tollkien", "tolkien"),
        ("marqeuz", "marquez"),
        ("dostoyevski", "dostoevsky"),
        ("simth", "smith"),
        ("достоевсий", "достоевский"),
        ("マラカミハルキ", "ムラカミハルキ"),
    ],
)
def test_a_misspelled_word_is_close_to_the_right_one(typed, meant):
    spelling.add(AUTHORS, [f"{meant} something else"])
    assert meant in near(typed)


@pytest.mark.parametrize("typed", ["tolk", "tokein", "kafka", "lee", "x" * 200, ""])
def test_a_word_that_is_far_off_or_short_is_close_to_none(typed):
    spelling.add(AUTHORS, ["tolkien leo 12345 12346"])
    assert near(typed) == {}


def test_authors_and_publishers_have_words_of_their_own():
    spelling.add(PUBLISHERS, ["suhrkamp"])
    assert near("surhkamp") == {}
    assert near("surhkamp", PUBLISHERS) == {"suhrkamp": 1}


def test_learning_a_word_again_changes_nothing(django_assert_num_queries):
    spelling.add(AUTHORS, ["tolkien"])
    spelling.add(AUTHORS, ["tolkien tolkiens"])
    with django_assert_num_queries(1):
        assert spelling.near(AUTHORS, ["tolkein", "tolkiens"]) == {
            "tolkein": {"tolkien": 1, "tolkiens": 2},
            "tolkiens": {"tolkien": 1},
        }


# --- Every writer ---------------------------------------------------------------------------


def test_a_name_is_learnt_when_it_is_saved_renamed_or_written_in_bulk():
    author = Author.objects.create(name="Stanislaw Lem")
    author.name = "Stanisław Lemowski"
    author.save()
    Author.objects.bulk_create([Author(name="Agatha Christie", name_key="agatha christie")])
    Author.objects.filter(name="Agatha Christie").update(name="Agatha Mallowan")
    Publisher.objects.create(name="Suhrkamp")
    assert near("lemovski") == {"lemowski": 1}
    assert near("chrystie") == {"christie": 1}
    assert near("malowan") == {"mallowan": 1}
    assert near("suhrkam", PUBLISHERS) == {"suhrkamp": 1}


def test_reindexing_forgets_words_that_nobody_is_called_any_more():
    Author.objects.create(name="Agatha Christie").delete()
    Author.objects.create(name="Stanislaw Lem")
    assert near("chrystie") == {"christie": 1}
    rebuilding.rebuild()
    assert near("chrystie") == {}
    assert near("stanislav") == {"stanislaw": 1}


def test_the_check_of_the_index_notices_missing_words():
    Author.objects.create(name="Agatha Christie")
    call_command("reindex", check=True)
    backend().run("DELETE FROM catalog_spelling")
    assert list(rebuilding.differences()) == [
        "The words of author names lack “agatha”.",
        "The words of author names lack “christie”.",
    ]
