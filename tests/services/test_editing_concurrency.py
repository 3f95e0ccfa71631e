"""Two people, one record; eight people, ten records: with real threads on each database.

The scenarios are in `together`; each runs in a process of its own, with the settings of an
installation.
"""

import contextlib
import json

import pytest

from tests.services.conftest import Installation, new_mysql, new_postgres

pytestmark = pytest.mark.services
SAVES = 50


SCENES = {
    "different_fields": [],
    "same_field": [],
    "many_at_once_against_single_edits": [],
    "a_bulk_change_against_single_edits": [],
    "a_bulk_change_after_an_edit_of_the_same_field": [],
    "an_edit_after_a_bulk_change_of_the_same_field": [],
    "a_bulk_change_and_edits_of_the_same_field_at_once": [],
    "the_same_new_names": [],
    "deleting_what_is_edited": [],
    "a_busy_day": [SAVES],
    "forms_different_fields": [{"title": "Dune Messiah"}, {"pages": "256"}],
    "forms_same_field": [{"title": "Dune Messiah"}, {"title": "Children of Dune"}],
    "double_click": [],
    "form_of_what_is_deleted": [],
}
DATABASES = {"postgres": new_postgres, "mysql": new_mysql}


@pytest.fixture(scope="module", params=["postgres", "mysql", "sqlite"])
def played(request, tmp_path_factory):
    """What each scenario returned, on one database: one process plays them all."""
    folder = tmp_path_factory.mktemp("together")
    with contextlib.ExitStack() as stack:
        env = {}
        if request.param in DATABASES:
            env["DATABASE_URL"] = stack.enter_context(DATABASES[request.param]())
        here = Installation(folder, env)
        here.manage("migrate", "--verbosity", "0")
        results = folder / "results.json"
        here.script(
            "from tests.services import together\n"
            f"together.play({[list(scene) for scene in SCENES.items()]!r}, {str(results)!r})"
        )
        yield json.loads(results.read_text())


@pytest.fixture
def play(played):
    """`play("same_field")`: what the scenario returned; index and counts were right after it."""

    def play(scene):
        result, differences = played[scene]
        assert differences == []
        return result

    return play


def test_two_writers_on_different_fields_both_survive(play):
    raised, title, pages, version, versions = play("different_fields")
    assert raised == [None, None]
    assert (title, pages, version) == ("Dune Messiah", 256, 3)
    assert versions == [1, 2, 3]  # each change is there, and what was before them


def test_on_the_same_field_the_second_is_asked(play):
    raised, title, version = play("same_field")
    assert raised == ["Conflict", "None"]
    assert title in ("Dune Messiah", "Children of Dune")
    assert version == 2


def test_a_change_of_many_loses_no_single_edit(play):
    raised, kept, number = play("many_at_once_against_single_edits")
    assert raised == [None, None]
    assert kept == number == 50


def test_a_bulk_change_from_the_list_loses_no_single_edit(play):
    raised, kept, with_history = play("a_bulk_change_against_single_edits")
    assert raised == [None, "done 50"]
    assert kept == with_history == 50


# What may become of an edit (French) of what a bulk change makes German, and of the book after
# the bulk change was put back: nothing that somebody saved is anywhere but in the history.
OVERTAKEN = ["saved", ["eng", "fre", "ger"], "fre"]
ASKED = ["asked", ["eng", "ger"], "eng"]
INSISTED = ["insisted", ["eng", "ger", "fre"], "fre"]


def test_a_bulk_change_leaves_what_it_overtakes_in_the_history_and_undoing_brings_it_back(play):
    raised, books, left = play("a_bulk_change_after_an_edit_of_the_same_field")
    assert raised == [None, "done 20"]
    assert books == [OVERTAKEN] * 20
    assert left


def test_who_edits_what_a_bulk_change_has_just_changed_is_asked(play):
    raised, books, left = play("an_edit_after_a_bulk_change_of_the_same_field")
    assert raised == [None, "done 20"]
    assert books == [INSISTED, ASKED] * 10
    assert left  # what came later is left alone when the bulk change is put back, and named


def test_a_bulk_change_and_edits_of_the_same_field_lose_nothing_in_whatever_order(play):
    raised, books, left = play("a_bulk_change_and_edits_of_the_same_field_at_once")
    assert raised == [None, "done 20"]
    assert [book for book in books if book not in (OVERTAKEN, ASKED, INSISTED)] == []
    assert left


def test_names_that_two_people_make_at_once_are_made_once(play):
    saved, authors, publishers, subjects, credits = play("the_same_new_names")
    assert saved == [True, True]
    assert (authors, publishers, subjects) == (20, 1, 2)
    assert credits == [20, 20]


def test_what_is_deleted_while_it_is_edited_is_gone_as_a_whole(play):
    outcomes = play("deleting_what_is_edited")
    assert set(outcomes) <= {"True saved True -", "True RecordGone True -"}


def test_nobody_is_locked_out_on_a_busy_day(play):
    """Eight people, the same ten books, authors and publishers, renamed and changed in bulk
    meanwhile: nothing fails, and index and counts are right afterwards."""
    came = play("a_busy_day")
    assert set(came) <= {"saved", "Conflict"}, came
    assert came["saved"] + came.get("Conflict", 0) == 8 * SAVES


# --- Through the forms ----------------------------------------------------------------------


def test_two_forms_with_different_fields_are_both_saved(play):
    answers, title, pages, version = play("forms_different_fields")
    assert [status for status, _html in answers] == [302, 302]
    assert (title, pages, version) == ("Dune Messiah", 256, 3)


def test_two_forms_with_the_same_field_show_both_values_to_the_second(play):
    answers, title, _pages, version = play("forms_same_field")
    assert sorted(status for status, _html in answers) == [302, 422]
    asked = next(html for status, html in answers if status == 422)
    assert "Dune Messiah" in asked
    assert "Children of Dune" in asked
    assert title in ("Dune Messiah", "Children of Dune")
    assert version == 2


def test_a_double_click_saves_once(play):
    statuses, pages, history = play("double_click")
    assert statuses == [302] * 4
    assert (pages, history) == (256, "+~")  # made once, changed once


def test_a_form_of_what_is_deleted_fails_for_nobody(play):
    assert set(play("form_of_what_is_deleted")) <= {302, 404, 409, 410, 422, 200}
