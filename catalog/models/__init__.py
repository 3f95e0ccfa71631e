from catalog.models.attached import Attachment, Note, Upload
from catalog.models.author import Author
from catalog.models.book import Book, Contribution, Subject
from catalog.models.bulk_edit import BulkEdit
from catalog.models.importing import ImportJob, ImportRow
from catalog.models.publisher import Publisher
from catalog.models.state import CatalogueState, Tally
from catalog.models.submission import Submission

__all__ = [
    "Attachment",
    "Author",
    "Book",
    "BulkEdit",
    "CatalogueState",
    "Contribution",
    "ImportJob",
    "ImportRow",
    "Note",
    "Publisher",
    "Subject",
    "Submission",
    "Tally",
    "Upload",
]
