import pytest

from catalog import languages


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("eng", "eng"), ("en", "eng"), ("en-US", "eng"), ("en_GB", "eng"), ("ENG", "eng"),
        ("English", "eng"), ("Englisch", "eng"), ("anglais", "eng"), ("angielski", "eng"),
        ("fr", "fre"), ("fra", "fre"), ("fre", "fre"), ("français", "fre"), ("Francais", "fre"),
        ("Französisch", "fre"), ("de", "ger"), ("deu", "ger"), ("Deutsch", "ger"),
        ("allemand", "ger"), ("tedesco", "ger"), ("zh-Hans-CN", "chi"), ("zho", "chi"),
        ("cmn", "chi"), ("Mandarin", "chi"), ("中文", "chi"), ("nl", "dut"), ("Flemish", "dut"),
        ("English (US)", "eng"), ("Portuguese (Brazil)", "por"), ("spa; eng", "spa"),
        ("Greek, Modern (1453-)", "gre"), ("engfre", "eng"), ("iw", "heb"), ("scr", "hrv"),
        ("fil", "fil"), ("mul", "mul"), ("nor", "nor"), ("nob", "nob"), ("ell", "gre"),
        ("", ""), ("und", ""), ("n/a", ""), ("Elvish", ""), ("Dune", ""), ("12", ""),
    ],
)  # fmt: skip
def test_a_language_is_known_however_it_is_written(written, code):
    assert languages.code(written) == code


def test_every_choice_is_a_stored_code_and_reads_back_from_its_name():
    choices = languages.choices("en")
    assert len(choices) == len(dict(choices)) > 150
    assert ("fre", "French") in choices
    for code, name in choices:
        assert languages.code(code) == code
        assert languages.code(name) == code


@pytest.mark.parametrize("page", ["en", "de", "fr", "es", "it", "pt", "nl", "sv", "da", "pl"])
def test_names_of_ten_languages_read_back(page):
    for code in ("eng", "fre", "ger", "spa", "ita", "por", "dut", "swe", "dan", "pol", "rus"):
        assert languages.code(languages.name(code, page)) == code


def test_a_name_is_given_in_the_language_of_the_page():
    assert languages.name("ger", "fr") == "allemand"
    assert languages.name("ger", "en-gb") == "German"
    assert languages.name("ger", "not a language") == "German"
    assert languages.name("grc", "de") == "Altgriechisch"
    assert languages.name("xyz") == "xyz"
    assert languages.name("") == ""
