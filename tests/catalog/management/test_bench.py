import json

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from catalog.models import (
    Author,
    Book,
    Contribution,
    Note,
    Publisher,
    Subject,
    Submission,
    Tally,
)


def test_an_unknown_benchmark_names_those_there_are():
    with pytest.raises(CommandError, match=r"There is no benchmark “nothing”.*pages"):
        call_command("bench", "nothing")


@pytest.mark.django_db
def test_pages_are_measured_next_to_the_floor(capsys):
    call_command("make_books", 120)
    capsys.readouterr()
    call_command("bench", "pages", "--repetitions", "1", "--json")
    result = json.loads(capsys.readouterr().out)
    assert result["books"] == 120
    names = [page["page"] for page in result["pages"]]
    assert names[:2] == ["floor", "first page"]
    assert len(set(names)) == len(names) > 40


def test_cleaning_is_measured_on_a_file_of_ones_own(tmp_path, capsys):
    path = tmp_path / "books.csv"
    path.write_text("Title,Year\nEmma,1815\nDune,1965\n", encoding="utf-8")
    call_command("bench", "cleaning", str(path))
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == [
        "Survey", "RowReader",
    ]  # fmt: skip


@pytest.mark.django_db
def test_an_empty_catalogue_cannot_be_measured():
    with pytest.raises(SystemExit, match="make_books"):
        call_command("bench", "pages")


def everything():
    tables = (Book, Author, Publisher, Contribution, Subject, Note, Submission, User)
    counts = Tally.objects.exclude(count=0).values_list("facet", "value", "count")
    return [list(table.objects.order_by("pk").values()) for table in tables], sorted(counts)


@pytest.mark.django_db(transaction=True)
def test_editing_is_measured_and_leaves_nothing_behind(capsys):
    call_command("make_books", 120)
    before = everything()
    capsys.readouterr()
    call_command("bench", "editing", "--repetitions", "1", "--json")
    result = json.loads(capsys.readouterr().out)
    assert result["books"] > 120  # while it was measured
    names = [step["step"] for step in result["steps"]]
    assert names[:2] == ["list, first page", "bare create"]
    assert len(set(names)) == len(names) > 25
    assert everything() == before
    assert Book.history.count() == 0
