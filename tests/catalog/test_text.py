import pytest

from catalog.text import chunks, fold, match_key, sort_key, words


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Łódź Øst ß", "lodz ost ss"),
        ("García Márquez", "garcia marquez"),
        ("L’Étranger", "letranger"),
        ("Don't", "dont"),
        ("Ærø", "aero"),
        ("Ёлка", "елка"),
        ("が", "が"),  # a mark that is part of the letter
    ],
)
def test_folding_drops_case_and_accents_but_no_letters(text, folded):
    assert fold(text) == folded


def test_words_are_split_at_everything_that_is_no_letter_or_digit():
    assert words("J.K. Rowling – “Harry”, 1997!") == ["j", "k", "rowling", "harry", "1997"]
    assert words("村上春樹") == ["村", "上", "春", "樹"]


def test_names_that_differ_in_signs_only_have_one_key():
    assert match_key("J.K. Rowling") == match_key("j. k. ROWLING") == "j k rowling"
    assert match_key("???") == "???"
    assert len(match_key("x" * 500)) == 200


@pytest.mark.parametrize(
    ("title", "language", "key"),
    [
        ("The Hobbit", "eng", "hobbit"),
        ("The Hobbit", "", "hobbit"),
        ("Der Prozess", "ger", "prozess"),
        ("Der Prozess", "eng", "der prozess"),
        ("L’Étranger", "fre", "etranger"),
        ("The", "eng", "the"),
    ],
)
def test_filing_skips_the_article_of_its_own_language(title, language, key):
    assert sort_key(title, language) == key


def test_chunks_keep_everything_in_order():
    assert list(chunks([1, 2, 3, 4, 5], 2)) == [[1, 2], [3, 4], [5]]
