from catalog.models.author import Author
from catalog.models.book import Book, Contribution, Subject
from catalog.models.importing import ImportJob, ImportRow
from catalog.models.publisher import Publisher
from catalog.models.state import CatalogueState, Tally

__all__ = [
    "Author",
    "Book",
    "CatalogueState",
    "Contribution",
    "ImportJob",
    "ImportRow",
    "Publisher",
    "Subject",
    "Tally",
]
