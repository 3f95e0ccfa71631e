"""What counts as alike, and what does not."""

import pytest

from catalog.likeness import one_edit_apart, people, publishers, titles


@pytest.mark.parametrize(
    ("one", "other"),
    [("dune", "dune"), ("dune", "dunne"), ("dune", "dun"), ("dune", "dane"), ("dune", "duen")],
)
def test_one_slip_is_one_edit(one, other):
    assert one_edit_apart(one, other)
    assert one_edit_apart(other, one)


@pytest.mark.parametrize(
    ("one", "other"), [("dune", "duenn"), ("dune", "nude"), ("abcd", "acbe"), ("", "ab")]
)
def test_two_slips_are_not(one, other):
    assert not one_edit_apart(one, other)


@pytest.mark.parametrize(
    ("one", "other", "how"),
    [
        ("J.K. Rowling", "j. k. rowling", "same"),
        ("Jo Nesbø", "Jo Nesbo", "same"),
        ("J. K. Rowling", "Rowling, J.K.", "written"),
        ("J K Rowling", "JK Rowling", "written"),
        ("jrr tolkien", "Tolkien, J R R", "written"),
        ("Dr. Seuss", "Seuss", "written"),
        ("García Márquez, Gabriel", "Gabriel Garcia Marquez", "written"),
        ("LE GUIN, URSULA", "Ursula Le Guin", "written"),
        ("J. K. Rowling", "Joanne K. Rowling", "initials"),
        ("JRR Tolkien", "John Ronald Reuel Tolkien", "initials"),
        ("Tolkein", "Tolkien", "letter"),
        ("Hans Müller", "Mueller, Hans", "letter"),
        ("Ursula Le Guin", "Ursula K. Le Guin", "middle"),
        ("John Smith", "Jane Smith", None),
        ("A. B. Smith", "B. A. Smith", None),
        ("Smith", "John Smith", None),
        ("J. Smith", "J. Jones", None),
        ("J. Rowlling", "Joanne Rowling", None),
        ("Louis XIV", "Louis XVI", None),
        ("", "Smith", None),
    ],
)
def test_people(one, other, how):
    for pair in ((one, other), (other, one)):
        found = people(*pair)
        assert (found and found.how) == how


@pytest.mark.parametrize(
    ("one", "other", "how"),
    [
        ("PENGUIN", "Penguin", "same"),
        ("Faber & Faber", "Faber and Faber Ltd", "written"),
        ("MIT Press", "M.I.T. Press", "written"),
        ("HarperCollins", "Harper Collins", "written"),
        ("Penguin", "Penguin Books Ltd.", "trade"),
        ("Éditions Gallimard", "Gallimard", "trade"),
        ("Suhrkamp", "Suhrkamp Verlag GmbH & Co. KG", "trade"),
        ("Suhrkamp Verlag", "Shurkamp", "letter"),
        ("Penguin", "Puffin", None),
        ("Oxford University Press", "Cambridge University Press", None),
        ("Ace Books", "Tor Books", None),
        ("Penguin", "Penguin Random House", None),
    ],
)
def test_publishers(one, other, how):
    for pair in ((one, other), (other, one)):
        found = publishers(*pair)
        assert (found and found.how) == how


def test_the_penguin_press_is_less_like_penguin_than_penguin_books():
    books = publishers("Penguin", "Penguin Books Ltd.")
    press = publishers("Penguin", "The Penguin Press")
    assert books is not None
    assert press is not None
    assert books.score > press.score


@pytest.mark.parametrize(
    ("one", "other", "how"),
    [
        ("The Hobbit", "HOBBIT", "same"),
        ("Moby-Dick", "Moby Dick", "same"),
        ("Dune", "Dunne", "letter"),
        ("Mobydick", "Moby Dick", "letter"),
        ("Dune: a novel", "Dune", "subtitle"),
        ("Foundation 1", "Foundation 2", None),
        ("Henry IV", "Henry VI", None),
        ("Volume one", "Volume two", None),
        ("Star Wars: A New Hope", "Star Wars: Rogue One", None),
        ("It", "If", None),
    ],
)
def test_titles(one, other, how):
    for pair in ((one, other), (other, one)):
        found = titles(*pair)
        assert (found and found.how) == how


def test_a_subtitle_in_its_own_field_is_part_of_the_title():
    found = titles("Dune: a novel", "Dune", subtitles=("", "A novel"))
    assert found is not None
    assert found.how == "same"
