"""Rows as the other programs write them, from the heading to the book."""

import pytest

from catalog.importers import known
from catalog.importers.columns import Survey
from catalog.importers.rows import ParsedRow, RowReader

GOODREADS = (
    "Book Id,Title,Author,Author l-f,Additional Authors,ISBN,ISBN13,My Rating,Average Rating,"
    "Publisher,Binding,Number of Pages,Year Published,Original Publication Year,Date Read,"
    "Date Added,Bookshelves,Bookshelves with positions,Exclusive Shelf,My Review,Spoiler,"
    "Private Notes,Read Count,Owned Copies"
)
LIBRARYTHING = (
    "Book Id,Title,Sort Character,Primary Author,Primary Author Role,Secondary Author,"
    "Secondary Author Roles,Publication,Date,Review,Rating,Comment,Private Comment,Summary,Media,"
    "Physical Description,Weight,Height,Thickness,Length,Dimensions,Page Count,LCCN,Acquired,"
    "Date Started,Date Read,Barcode,BCID,Tags,Collections,Languages,Original Languages,"
    "LC Classification,ISBN,ISBNs,Subjects,Dewey Decimal,Dewey Wording,Other Call Number,Copies,"
    "Source,Entry Date,From Where,OCLC,Work id,Lending Patron,Lending Status,Lending Start,"
    "Lending End"
)
CALIBRE = (
    "authors,author_sort,rating,library_name,timestamp,formats,size,isbn,identifiers,comments,"
    "tags,series,series_index,languages,title,cover,title_sort,publisher,pubdate,id,uuid"
)
STORYGRAPH = (
    "Title,Authors,Contributors,ISBN/UID,Format,Read Status,Date Added,Last Date Read,Dates Read,"
    "Read Count,Moods,Pace,Character- or Plot-Driven?,Strong Character Development?,"
    "Loveable Characters?,Diverse Characters?,Flawed Characters?,Star Rating,Review,"
    "Content Warnings,Content Warning Description,Tags,Owned?"
)
BOOKWYRM = (
    "title,author_text,remote_id,openlibrary_key,inventaire_id,librarything_key,goodreads_key,"
    "bnf_id,viaf,wikidata,asin,aasin,isfdb,isbn_10,isbn_13,oclc_number,start_date,finish_date,"
    "stopped_date,rating,review_name,review_cw,review_content,review_published,shelf,shelf_name,"
    "shelf_date"
)
OPEN_LIBRARY = (
    "Work ID,Title,Authors,First Publish Year,Edition ID,Edition Count,Bookshelf,My Ratings,"
    "Ratings Average,Ratings Count,Has Ebook,Subjects,Subject People,Subject Places,Subject Times"
)
OPENREADS = (
    "title,subtitle,author,description,status,favourite,deleted,rating,pages,publication_year,"
    "isbn,olid,tags,my_review,notes,book_format,readings,date_added,date_modified"
)
JELU = (
    "Title,Author,ISBN,Publisher,Date Read,Shelves,Bookshelves,read_dates,tags,authors,isbn10,"
    "isbn13,owned,dropped_dates,currently_reading"
)
LIBIB = (
    "title,added,creators,began_date,completed_date,copies,description,group,upc_isbn10,"
    "ean_isbn13,call_numbers"
)


def imported(headings: str, **cells: str) -> ParsedRow:
    """One row under these headings, through the survey and the row reader."""
    names = headings.split(",")
    given = {name.casefold(): value for name, value in cells.items()}
    keys = [name.casefold().replace(" ", "_").replace("/", "_").replace("-", "_") for name in names]
    assert given.keys() <= set(keys)
    row = [given.get(key, "") for key in keys]
    survey = Survey()
    survey.feed(row)
    guesses = survey.finish(names)
    assert all(guess.confidence in (0, 1) for guess in guesses)
    reader = RowReader(
        {guess.index: guess.field for guess in guesses},
        {guess.index: guess.options for guess in guesses},
    )
    return reader.read(row)


def people(row: ParsedRow) -> list[tuple[str, str]]:
    return [(credit.name, credit.role) for credit in row.people]


@pytest.mark.parametrize(
    ("headings", "name"),
    [
        (GOODREADS, "Goodreads"), (LIBRARYTHING, "LibraryThing"), (CALIBRE, "Calibre"),
        (STORYGRAPH, "StoryGraph"), (BOOKWYRM, "BookWyrm"), (OPEN_LIBRARY, "Open Library"),
        ("Work Id,Edition Id,Bookshelf", "Open Library"), (OPENREADS, "Openreads"),
        (JELU, "Jelu"), (LIBIB, "Libib"),
    ],
)  # fmt: skip
def test_an_export_is_known_by_its_headings_whatever_their_case(headings, name):
    for written in (headings, headings.upper(), headings + ",My own column"):
        profile = known.find(written.split(","))
        assert profile is not None
        assert profile.name == name
        assert all(profile.column(heading) is not None for heading in headings.split(","))
        assert profile.column("My own column") is None


def test_an_ordinary_header_is_no_export():
    assert known.find(["Title", "Author", "ISBN", "Year"]) is None


def test_goodreads():
    row = imported(
        GOODREADS,
        title="Good Omens (Discworld, #1)",
        author="Terry Pratchett",
        author_l_f="Pratchett, Terry",
        additional_authors="Neil Gaiman, Plato",
        isbn='="0060853980"',
        isbn13='="9780060853983"',
        publisher="William Morrow",
        number_of_pages="288",
        year_published="2006",
        original_publication_year="1990",
        date_added="2020/01/02",
    )
    assert row.notes == []
    assert row.title == "Good Omens (Discworld, #1)"
    assert people(row) == [("Terry Pratchett", "aut"), ("Neil Gaiman", "aut"), ("Plato", "aut")]
    assert row.people[0].sort_name == "Pratchett, Terry"
    assert row.isbn == "9780060853983"
    assert (row.year, row.pages, row.publisher) == (2006, 288, "William Morrow")


def test_an_empty_isbn_of_goodreads_is_empty():
    row = imported(GOODREADS, title="Untitled", isbn='=""', isbn13='=""')
    assert (row.isbn, row.notes) == ("", [])


def test_librarything():
    row = imported(
        LIBRARYTHING,
        title="La promesse de l'aube",
        primary_author="Gary, Romain",
        secondary_author="Markham Beach, John|Dahl, Roald",
        secondary_author_roles="Translator|Illustrator",
        publication="Gallimard (1979), Poche",
        date="1979",
        page_count="390",
        languages="French",
        isbn="[2070291340]",
        isbns="2070291340, 9782070291342",
        subjects="Authors, French|Mothers and sons",
    )
    assert row.notes == []
    assert people(row) == [
        ("Romain Gary", "aut"), ("John Markham Beach", "trl"), ("Roald Dahl", "ill"),
    ]  # fmt: skip
    assert (row.publisher, row.year, row.language) == ("Gallimard", 1979, "fre")
    assert row.isbn == "9782070291342"
    assert row.subjects == ["Authors, French", "Mothers and sons"]


def test_calibre():
    row = imported(
        CALIBRE,
        title="Roadside Picnic",
        authors="Arkady Strugatsky & Boris Strugatsky",
        author_sort="Strugatsky, Arkady & Strugatsky, Boris",
        isbn="9781613743416",
        comments="<div><p>Red &amp; dead.</p></div>",
        tags="Science Fiction,Classics",
        languages="eng",
        publisher="Chicago Review Press",
        pubdate="2012-05-01T00:00:00+00:00",
    )
    assert [note["code"] for note in row.notes] == ["entities"]
    assert [credit.sort_name for credit in row.people] == [
        "Strugatsky, Arkady", "Strugatsky, Boris",
    ]  # fmt: skip
    assert str(row.published_on) == "2012-05-01"
    assert (row.year, row.description) == (2012, "Red & dead.")
    assert row.subjects == ["Science Fiction", "Classics"]
    assert imported(CALIBRE, title="A", pubdate="0101-01-01T00:00:00+00:00").year is None


def test_storygraph_takes_other_numbers_for_no_mistake():
    row = imported(
        STORYGRAPH,
        title="Circe",
        authors="Madeline Miller",
        contributors="Perdita Weeks (Narrator)",
        isbn_uid="B07CWQJXYZ",
    )
    assert row.notes == []
    assert people(row) == [("Madeline Miller", "aut"), ("Perdita Weeks", "nrt")]
    assert row.isbn == ""


def test_bookwyrm():
    row = imported(
        BOOKWYRM, title="Zami", author_text="Audre Lorde", isbn_10="0895941228",
        isbn_13="9780895941220",
    )  # fmt: skip
    assert row.notes == []
    assert row.isbn == "9780895941220"
    assert people(row) == [("Audre Lorde", "aut")]


def test_open_library():
    row = imported(
        OPEN_LIBRARY, title="Good Omens", authors="Neil Gaiman | Terry Pratchett",
        first_publish_year="1990", subjects="Fiction | Humour, British",
    )  # fmt: skip
    assert row.notes == []
    assert people(row) == [("Neil Gaiman", "aut"), ("Terry Pratchett", "aut")]
    assert row.subjects == ["Fiction", "Humour, British"]
    assert row.year == 1990


def test_openreads():
    row = imported(
        OPENREADS, title="Solaris", author="Stanisław Lem", pages="204", publication_year="1961",
        isbn="9780156027601", tags="sf|||||classic",
    )  # fmt: skip
    assert row.notes == []
    assert row.subjects == ["sf", "classic"]
    assert (row.pages, row.year) == (204, 1961)


def test_jelu():
    row = imported(
        JELU, title="Dune", author="Frank Herbert", authors="Frank Herbert,Brian Herbert",
        isbn10="0441013597", isbn13="9780441013593", tags="sf",
    )  # fmt: skip
    assert row.notes == []
    assert people(row) == [("Frank Herbert", "aut"), ("Brian Herbert", "aut")]
    assert row.isbn == "9780441013593"


def test_libib():
    row = imported(
        LIBIB, title="Emma", creators="Jane Austen, Juliette Wells", ean_isbn13="9780143107712",
        description="Handsome, clever, and rich.",
    )  # fmt: skip
    assert row.notes == []
    assert people(row) == [("Jane Austen", "aut"), ("Juliette Wells", "aut")]
    assert row.isbn == "9780143107712"
