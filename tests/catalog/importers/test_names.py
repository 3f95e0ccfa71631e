import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.importers import names


def shown(text, **options):
    return [credit.name for credit in names.read(text, options=options).value]


def filed(text, **options):
    return [credit.sort_name for credit in names.read(text, options=options).value]


def codes(text, **options):
    return [problem.code for problem in names.read(text, options=options).problems]


@pytest.mark.parametrize(
    ("text", "options", "expected"),
    [
        ("Jane Austen", {}, ["Jane Austen"]),
        ("J.K. Rowling, Mary GrandPré", {}, ["J.K. Rowling", "Mary GrandPré"]),
        ("Tolkien, J.R.R.", {}, ["J.R.R. Tolkien"]),
        ("Tolkien, J.R.R.", {"separator": ","}, ["J.R.R. Tolkien"]),
        ("Gurihiru, Gene Luen Yang", {"separator": ","}, ["Gurihiru", "Gene Luen Yang"]),
        ("Ann One, Bob Two", {"separator": ";"}, ["Ann One", "Bob Two"]),
        ("Ann One, Bob Two", {"separator": "&"}, ["Ann One", "Bob Two"]),
        (
            "Two, Bob & Le Guin, Ursula K.",
            {"separator": "&", "inverted": True},
            ["Bob Two", "Ursula K. Le Guin"],
        ),
        ("Smith, John; Doe, Jane", {}, ["John Smith", "Jane Doe"]),
        ("Smith, John|Doe, Jane", {}, ["John Smith", "Jane Doe"]),
        ("Smith, John, Doe, Jane", {"inverted": True}, ["John Smith", "Jane Doe"]),
        ("Tolkien, J.R.R., Lewis, C.S.", {}, ["J.R.R. Tolkien", "C.S. Lewis"]),
        ("Terry Pratchett & Neil Gaiman", {}, ["Terry Pratchett", "Neil Gaiman"]),
        ("Terry Pratchett and Neil Gaiman", {}, ["Terry Pratchett", "Neil Gaiman"]),
        ("Erich Kästner und Walter Trier", {}, ["Erich Kästner", "Walter Trier"]),
        ("René Goscinny et Albert Uderzo", {}, ["René Goscinny", "Albert Uderzo"]),
        ("García, Ana y López, Juan", {}, ["Ana García", "Juan López"]),
        ("Carlo Fruttero e Franco Lucentini", {}, ["Carlo Fruttero", "Franco Lucentini"]),
        ("Karl Marx / Friedrich Engels", {}, ["Karl Marx", "Friedrich Engels"]),
        ("Ann A. One, Bob B. Two and Cy C. Three", {}, ["Ann A. One", "Bob B. Two", "Cy C. Three"]),
        ("José Ortega y Gasset", {}, ["José Ortega y Gasset"]),
        ("Peter and Iona Opie", {}, ["Peter and Iona Opie"]),
        ("Simon & Schuster", {}, ["Simon & Schuster"]),
        ("Plato & Aristotle", {"separator": "&"}, ["Plato", "Aristotle"]),
        ("Le Guin, Ursula K.", {"inverted": True}, ["Ursula K. Le Guin"]),
        ("Martin Luther King, Jr.", {}, ["Martin Luther King, Jr."]),
        ("King, Martin Luther, Jr.", {}, ["Martin Luther King, Jr."]),
        ("Doyle, Arthur Conan, Sir", {}, ["Sir Arthur Conan Doyle"]),
        ("Twain, Mark, 1835-1910", {}, ["Mark Twain"]),
        ("Beatrix Potter (1866-1943)", {}, ["Beatrix Potter"]),
        ("by Jane Austen", {}, ["Jane Austen"]),
        ("Hergé", {}, ["Hergé"]),
        ("Museum of Modern Art, New York", {}, ["Museum of Modern Art, New York"]),
        ("Karl, der Große", {"separator": ""}, ["der Große Karl"]),
        ("夏目 漱石、村上 春樹", {}, ["夏目 漱石", "村上 春樹"]),
        ("50 Cent", {}, ["50 Cent"]),
    ],
)
def test_names_are_split_and_turned_to_their_natural_order(text, options, expected):
    assert shown(text, **options) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Jane Austen", "Austen, Jane"),
        ("J.R.R. Tolkien", "Tolkien, J.R.R."),
        ("Ursula K. Le Guin", "Le Guin, Ursula K."),
        ("Vincent van Gogh", "Gogh, Vincent van"),
        ("Chris Van Allsburg", "Van Allsburg, Chris"),
        ("Simone de Beauvoir", "Beauvoir, Simone de"),
        ("Johann Wolfgang von Goethe", "Goethe, Johann Wolfgang von"),
        ("Ruud van der Rol", "Rol, Ruud van der"),
        ("Melissa de la Cruz", "Cruz, Melissa de la"),
        ("Jean de La Fontaine", "La Fontaine, Jean de"),
        ("Daphne du Maurier", "du Maurier, Daphne"),
        ("John le Carré", "le Carré, John"),
        ("Gabriel García Márquez", "García Márquez, Gabriel"),
        ("Mario Vargas Llosa", "Vargas Llosa, Mario"),
        ("Miguel de Cervantes Saavedra", "Cervantes Saavedra, Miguel de"),
        ("José Ortega y Gasset", "Ortega y Gasset, José"),
        ("Pam Muñoz Ryan", "Ryan, Pam Muñoz"),
        ("Martin Luther King Jr.", "King, Martin Luther, Jr."),
        ("Martin Luther King, Jr.", "King, Martin Luther, Jr."),
        ("Teresa of Avila", "Teresa of Avila"),
        ("Catherine the Great", "Catherine the Great"),
        ("Mao Zedong", "Mao Zedong"),
        ("村上 春樹", "村上 春樹"),
        ("Plato", "Plato"),
    ],
)
def test_a_name_is_filed_under_its_surname(name, expected):
    assert names.sort_name(name) == expected


@pytest.mark.parametrize(
    "name",
    [
        "Oxford University Press", "Walt Disney Company", "The Museum of Modern Art",
        "Suhrkamp Verlag", "Éditions Gallimard", "American Psychiatric Association",
        "Simon & Schuster", "The Voice of the Martyrs", "Marvel Comics", "Société des Nations",
    ],
)  # fmt: skip
def test_an_organisation_is_recognised_and_never_turned_round(name):
    (credit,) = names.read(name).value
    assert credit.kind == names.ORGANISATION
    assert credit.name == name
    assert credit.sort_name in (name, name.removeprefix("The "))


@pytest.mark.parametrize("name", ["Caroline Jayne Church", "Frank Press", "Toni Morrison", "Homer"])
def test_a_person_is_not_taken_for_an_organisation(name):
    assert names.read(name).value[0].kind == names.PERSON


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Quentin Blake (Illustrator)", [("Quentin Blake", "ill")]),
        ("Smith, John (ed.)", [("John Smith", "edt")]),
        ("Ann Goldstein [translator]", [("Ann Goldstein", "trl")]),
        ("Kästner, Erich (Hrsg.)", [("Erich Kästner", "edt")]),
        ("Jane Doe, editor", [("Jane Doe", "edt")]),
        ("Smith, Red", [("Red Smith", "aut")]),
        ("translated by Anthea Bell", [("Anthea Bell", "trl")]),
        ("Margaret Atwood (Author, Narrator)",
         [("Margaret Atwood", "aut"), ("Margaret Atwood", "nrt")]),
        ("Roald Dahl (Author), Quentin Blake (Illustrator)",
         [("Roald Dahl", "aut"), ("Quentin Blake", "ill")]),
        ("Bon Iver (band)", [("Bon Iver (band)", "aut")]),
    ],
)  # fmt: skip
def test_roles_are_taken_from_beside_the_name(text, expected):
    assert [(each.name, each.role) for each in names.read(text).value] == expected


def test_a_column_of_editors_gives_editors():
    assert [each.role for each in names.read("A. Smith; B. Jones (trans.)", "edt").value] == [
        "edt",
        "trl",
    ]


@pytest.mark.parametrize("text", ["", "Unknown", "[s.n.]", "N/A", "-", "n.n.", "Author unknown"])
def test_nobody_is_credited_where_the_cell_says_so(text):
    assert names.read(text).value == []


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("TOLKIEN, J.R.R.", "J.R.R. Tolkien"),
        ("LUDWIG VAN BEETHOVEN", "Ludwig van Beethoven"),
        ("MCEWAN, IAN", "Ian McEwan"),
        ("O'BRIEN, FLANN", "Flann O'Brien"),
        ("JEAN-PAUL SARTRE", "Jean-Paul Sartre"),
        ("Victor HUGO", "Victor Hugo"),
        ("OXFORD UNIVERSITY PRESS", "Oxford University Press"),
    ],
)
def test_names_in_capitals_are_set_in_small_letters_with_a_note(text, name):
    assert shown(text) == [name]
    assert codes(text) == ["name_capitals"]


@pytest.mark.parametrize("text", ["CLAMP", "S.A.R.K.", "J.D. Robb", "Louis C.K.", "bell hooks"])
def test_names_that_are_written_so_are_left_alone(text):
    assert shown(text) == [text]
    assert codes(text) == []


def test_et_al_is_dropped_and_noted():
    assert shown("Ann One, Bob Two et al.", separator=",") == ["Ann One", "Bob Two"]
    assert codes("Ann One et al.") == ["people_missing"]


def test_commas_that_nobody_can_tell_apart_are_left_with_a_warning():
    assert shown("Plato, Benjamin Jowett, Ann B. Other") == ["Plato, Benjamin Jowett, Ann B. Other"]
    assert codes("Plato, Benjamin Jowett, Ann B. Other") == ["names_unclear"]


@given(st.text(), st.sampled_from([None, "", ",", ";", "|", "&", "/", "\n"]), st.booleans())
def test_any_text_is_read_and_fits_its_columns(text, separator, inverted):
    options = {"separator": separator, "inverted": inverted}
    for credit in names.read(text, options=options).value:
        assert 0 < len(credit.name) <= 200
        assert 0 < len(credit.sort_name) <= 200
        assert credit.credited_as == credit.name
