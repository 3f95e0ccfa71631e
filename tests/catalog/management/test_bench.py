import json

import pytest
from django.core.management import CommandError, call_command


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


@pytest.mark.django_db
def test_an_empty_catalogue_cannot_be_measured():
    with pytest.raises(SystemExit, match="make_books"):
        call_command("bench", "pages")
