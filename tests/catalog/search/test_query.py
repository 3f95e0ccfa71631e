import pytest

from catalog.search.documents import LONGEST_WORD, Document, token
from catalog.search.query import MOST_WORDS, Query, parse


def test_the_last_word_may_be_unfinished():
    assert parse("The Left Han") == Query(("the", "left"), "han", (), "left han")


@pytest.mark.parametrize("text", ["", "   ", "\t\n"])
def test_nothing_is_no_query(text):
    assert not parse(text)


def test_words_are_asked_for_once():
    assert parse("the the the dune").words == ("the",)


def test_a_long_text_is_cut():
    query = parse(" ".join(f"w{n}" for n in range(100)))
    assert len(query.all_words) <= MOST_WORDS
    assert len(parse("x" * 5000).prefix) == LONGEST_WORD


@pytest.mark.parametrize("text", ["0-441-47812-3", "978 0 441 47812 5", "978-0-441-47812-5"])
def test_an_isbn_alone_is_nothing_but_an_isbn(text):
    assert parse(text).isbns == ("9780441478125",)
    assert parse(text).all_words == ()


def test_bare_digits_may_be_an_isbn_a_beginning_of_one_or_a_word():
    assert parse("9780441478125").isbns == ("9780441478125",)
    assert parse("9780441").number == "9780441"
    assert parse("1984").number == "1984"
    assert parse("198").number == ""
    assert parse("orwell 1984").number == ""


def test_a_number_among_words_is_a_whole_one():
    assert parse("orwell 1984") == Query(("orwell", "1984"), "", (), "orwell 1984")


def test_an_isbn_may_stand_among_words():
    query = parse("darkness 0441478123 guin")
    assert (query.words, query.prefix, query.isbns) == (("darkness",), "guin", ("9780441478125",))


def test_only_punctuation_is_looked_for_at_the_beginning_of_titles():
    assert parse("???") == Query((), "", (), "???")


def test_no_word_of_a_text_is_taken_for_a_facet():
    words = Document(1, "___isbnwith _a_ __b", author_ids=[7]).words().split()
    assert words[:3] == ["isbnwith", "a", "b"]
    assert "___author7" in words


def test_a_negative_value_is_one_word():
    assert token("decade", -32768) == "___decadex32768"


def test_a_document_holds_each_word_once():
    words = Document(1, "Dune Dune", people=["Dune"], publisher="Dune", publisher_id=3).words()
    assert words.split().count("dune") == 1
