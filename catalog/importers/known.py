"""Exports of other programs, known by their exact headings: nothing has to be asked.

Each profile names the headings that give the program away; those that it does not map are not
used. Columns that a person has added are left to the survey.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from catalog.importers.fields import IGNORE


class Column(NamedTuple):
    field: str
    options: Mapping[str, Any] = {}


@dataclass(frozen=True)
class Profile:
    name: str
    signature: frozenset[str]  # headings without regard to case; all must be there
    columns: Mapping[str, Column]
    unused: frozenset[str] = field(default_factory=frozenset)

    def column(self, header: str) -> Column | None:
        """What a heading means in this program's export; None if it is not one of its own."""
        key = _key(header)
        if key in self.columns:
            return self.columns[key]
        return Column(IGNORE) if key in self.unused or key in self.signature else None


def _key(header: str) -> str:
    return " ".join(header.split()).casefold()


def _headings(text: str) -> frozenset[str]:
    return frozenset(_key(heading) for heading in text.split(","))


_ONE: Final = {"separator": ""}
_COMMAS: Final = {"separator": ","}

PROFILES: Final[tuple[Profile, ...]] = (
    Profile(
        "Goodreads",
        _headings("book id,title,author,author l-f,isbn,isbn13,exclusive shelf"),
        {
            "title": Column("title"),
            "author": Column("authors", _ONE),
            "author l-f": Column("author_sort", _ONE),
            "additional authors": Column("authors", _COMMAS),
            "isbn": Column("isbn"),
            "isbn13": Column("isbn"),
            "publisher": Column("publisher"),
            "number of pages": Column("pages"),
            "year published": Column("year"),
        },
        _headings(
            "my rating,average rating,binding,original publication year,date read,date added,"
            "bookshelves,bookshelves with positions,my review,spoiler,private notes,read count,"
            "recommended for,recommended by,owned copies,original purchase date,"
            "original purchase location,condition,condition description,bcid"
        ),
    ),
    Profile(
        "LibraryThing",
        _headings("book id,title,primary author,secondary author,publication,isbns,work id"),
        {
            "title": Column("title"),
            "primary author": Column(
                "authors",
                {"separator": "|", "inverted": True, "roles_header": "primary author role"},
            ),
            "secondary author": Column(
                "authors",
                {"separator": "|", "inverted": True, "roles_header": "secondary author roles"},
            ),
            "publication": Column("publisher", {"publication": True}),
            "date": Column("year"),
            "page count": Column("pages"),
            "languages": Column("language"),
            "isbn": Column("isbn"),
            "isbns": Column("isbn"),
            "subjects": Column("subjects"),
        },
        _headings(
            "sort character,primary author role,secondary author roles,review,rating,comment,"
            "private comment,summary,media,physical description,weight,height,thickness,length,"
            "dimensions,lccn,acquired,date started,date read,barcode,bcid,tags,collections,"
            "original languages,lc classification,dewey decimal,dewey wording,other call number,"
            "copies,source,entry date,from where,oclc,lending patron,lending status,"
            "lending start,lending end"
        ),
    ),
    Profile(
        "Calibre",
        _headings("authors,author_sort,title,title_sort,library_name,timestamp,formats,uuid"),
        {
            "title": Column("title"),
            "authors": Column("authors", {"separator": "&"}),
            "author_sort": Column("author_sort", {"separator": "&", "inverted": True}),
            "isbn": Column("isbn"),
            "comments": Column("description"),
            "tags": Column("subjects", {"subject_separator": ","}),
            "languages": Column("language"),
            "publisher": Column("publisher"),
            "pubdate": Column("published_on"),
        },
        _headings("rating,size,identifiers,series,series_index,cover,id"),
    ),
    Profile(
        "StoryGraph",
        _headings("title,authors,contributors,isbn/uid,read status,star rating"),
        {
            "title": Column("title"),
            "authors": Column("authors", _COMMAS),
            "contributors": Column("authors", {"separator": ",", "role": "ctb"}),
            "isbn/uid": Column("isbn", {"other_numbers": True}),
        },
        _headings(
            "format,date added,last date read,dates read,read count,moods,pace,"
            "character- or plot-driven?,strong character development?,loveable characters?,"
            "diverse characters?,flawed characters?,review,content warnings,"
            "content warning description,tags,owned?"
        ),
    ),
    Profile(
        "BookWyrm",
        _headings("title,author_text,remote_id,openlibrary_key,isbn_10,isbn_13"),
        {
            "title": Column("title"),
            "author_text": Column("authors", _COMMAS),
            "isbn_10": Column("isbn"),
            "isbn_13": Column("isbn"),
        },
        _headings(
            "finna_key,inventaire_id,librarything_key,goodreads_key,bnf_id,viaf,wikidata,asin,"
            "aasin,isfdb,oclc_number,start_date,finish_date,stopped_date,rating,review_name,"
            "review_cw,review_content,review_published,shelf,shelf_name,shelf_date"
        ),
    ),
    Profile(
        "Open Library",
        _headings("work id,title,authors,first publish year,edition id,bookshelf"),
        {
            "title": Column("title"),
            "authors": Column("authors", {"separator": "|"}),
            "first publish year": Column("year"),
            "subjects": Column("subjects", {"subject_separator": "|"}),
        },
        _headings(
            "edition count,my ratings,ratings average,ratings count,has ebook,subject people,"
            "subject places,subject times"
        ),
    ),
    # Older reading logs hold no more than numbers: there is no title to import.
    Profile("Open Library", _headings("work id,edition id,bookshelf"), {}),
    Profile(
        "Openreads",
        _headings("title,author,status,favourite,deleted,publication_year,isbn,olid"),
        {
            "title": Column("title"),
            "subtitle": Column("subtitle"),
            "author": Column("authors"),
            "description": Column("description"),
            "pages": Column("pages"),
            "publication_year": Column("year"),
            "isbn": Column("isbn"),
            "tags": Column("subjects", {"subject_separator": "|||||"}),
        },
        _headings("rating,my_review,notes,book_format,readings,date_added,date_modified"),
    ),
    Profile(
        "Jelu",
        _headings("title,author,isbn,read_dates,authors,isbn10,isbn13,dropped_dates"),
        {
            "title": Column("title"),
            "authors": Column("authors", _COMMAS),
            "isbn": Column("isbn"),
            "isbn10": Column("isbn"),
            "isbn13": Column("isbn"),
            "publisher": Column("publisher"),
            "tags": Column("subjects", {"subject_separator": ","}),
        },
        _headings("date read,shelves,bookshelves,owned,currently_reading"),
    ),
    Profile(
        "Libib",
        _headings("creators,ean_isbn13,upc_isbn10"),
        {
            "title": Column("title"),
            "creators": Column("authors", _COMMAS),
            "description": Column("description"),
            "upc_isbn10": Column("isbn", {"other_numbers": True}),
            "ean_isbn13": Column("isbn", {"other_numbers": True}),
            "publisher": Column("publisher"),
            "publish_date": Column("published_on"),
            "length": Column("pages"),
        },
        _headings("added,began_date,completed_date,copies,group,call_numbers,tags,notes,rating"),
    ),
)


def find(headers: Sequence[str]) -> Profile | None:
    """The program whose export has these headings."""
    keys = {_key(header) for header in headers}
    matching = (profile for profile in PROFILES if profile.signature <= keys)
    return max(matching, key=lambda profile: len(profile.signature), default=None)


def position(header: str, headers: Sequence[str]) -> int | None:
    """Where the column with this heading stands."""
    keys = [_key(each) for each in headers]
    return keys.index(header) if header in keys else None
