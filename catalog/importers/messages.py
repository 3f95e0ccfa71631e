"""Every sentence that an import can say, by code: what is wrong and what to do about it.

The codes travel (through the reader process, the database, JSON); the words are chosen here, in
the language of the page that shows them.
"""

from collections.abc import Mapping
from typing import Any

from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext_lazy
from django.utils.translation import gettext_lazy as _

from catalog import isbn

Message = str | Promise  # with %(name)s for a value; ngettext_lazy(…, "count") for plurals

# About the file as a whole: UnreadableFile and FileInfo.notes.
FILE_MESSAGES: dict[str, Message] = {
    # Size and presence
    "empty": _("This file is empty. Check that it was saved completely, and choose it again."),
    "gone": _("The uploaded file is no longer there. Upload it again."),
    "no_space": _(
        "The server’s disk is full, so the file could not be kept. Ask whoever runs it to make "
        "room, and upload it again."
    ),
    "not_allowed": _(
        "The server may not open the uploaded file. Ask whoever runs it to check the "
        "permissions of the upload folder."
    ),
    "too_large": _(
        "This file has %(size_mb)s MB; at most %(max_mb)s MB are accepted. Remove pictures and "
        "unused sheets, save it as CSV, or split it into several files."
    ),
    # Other kinds of file
    "picture": _(
        "This is a picture (%(what)s), whatever its name says. Upload the spreadsheet itself: "
        "an .xlsx, .xls, .ods, .csv or .tsv file."
    ),
    "pdf": _(
        "This is a PDF, not a spreadsheet. Ask for the spreadsheet that it was made from, or "
        "copy its table into a spreadsheet and save that."
    ),
    "archive": _(
        "This is a compressed file (%(what)s). Unpack it first, then upload the spreadsheet in it."
    ),
    "document": _(
        "This is a text document (%(what)s), not a spreadsheet. Copy its table into a "
        "spreadsheet and save that as .xlsx, .ods or .csv."
    ),
    "presentation": _(
        "This is a presentation (%(what)s), not a spreadsheet. Copy its table into a "
        "spreadsheet and save that as .xlsx, .ods or .csv."
    ),
    "database": _(
        "This is a database (%(what)s), not a spreadsheet. Export the table of books from it as "
        "CSV and upload that."
    ),
    "library_format": _(
        "These are library records (%(what)s), not a spreadsheet. Export them from the library "
        "program as CSV or Excel and upload that."
    ),
    "web_page": _(
        "This is a web page, even if it is named like a spreadsheet. Open it in a spreadsheet "
        "program and save it as .xlsx or .ods."
    ),
    "xml": _(
        "This is an XML file, not a spreadsheet. Export the books as CSV or Excel and upload that."
    ),
    "xml_workbook": _(
        "This is a workbook in the old XML format of Excel 2003. Open it in a spreadsheet "
        "program and save it as .xlsx or .ods."
    ),
    "binary_workbook": _(
        "This is a binary workbook (%(what)s). Open it in Excel and save it as .xlsx."
    ),
    "numbers": _(
        "This is a document of Apple Numbers. Open it in Numbers and export it as Excel or CSV."
    ),
    "not_workbook_zip": _(
        "This is a ZIP file without a workbook in it. If it holds a spreadsheet, unpack it and "
        "upload that."
    ),
    "not_spreadsheet": _(
        "This is not a spreadsheet. Upload an .xlsx, .xls, .ods, .csv or .tsv file."
    ),
    # Protected or hostile
    "encrypted": _(
        "This workbook is protected with a password. Open it in a spreadsheet program, remove "
        "the password (File → Info or Save as), save it and upload it again."
    ),
    "zip_bomb": _(
        "This file would unpack to a gigantic size and was not opened. If it is an honest "
        "workbook, delete its empty formatted rows and columns, or save it as CSV."
    ),
    "dtd": _(
        "This workbook contains a document type definition, which no spreadsheet program writes "
        "and which can do harm. Open it in a spreadsheet program and save it again."
    ),
    "memory": _(
        "This file needs more memory to read than is allowed. Delete sheets, rows and columns "
        "that are not needed, split it, or save it as CSV, which may be of any length."
    ),
    "timeout": _(
        "Reading this file took too long (more than %(seconds)s seconds) and was stopped. Delete "
        "sheets that are not needed, split it, or save it as CSV."
    ),
    # Workbooks
    "damaged": _(
        "This file is damaged and cannot be read. Open it in a spreadsheet program, save it "
        "again, or ask for another copy."
    ),
    "no_sheets": _("There is no sheet with cells in this workbook. Upload one with a table."),
    "no_rows": _("There is not a single filled row in this file. Check that it is the right one."),
    "no_such_sheet": _(
        "There is no sheet named “%(sheet)s” in this workbook. Choose one of its sheets."
    ),
    "too_wide": _(
        "The sheet has %(columns)s columns; at most %(limit)s are read. Delete the columns that "
        "are not about the books, also stray cells far to the right."
    ),
    "row_too_wide": _(
        "Row %(row)s has %(columns)s columns; at most %(limit)s are read. Delete the columns that "
        "are not about the books, or check the delimiter."
    ),
    "row_too_long": _("Row %(row)s is far too long to be about a book. Delete or shorten it."),
    "box_too_large": _(
        "The filled cells of a sheet reach to row %(rows)s and column %(columns)s, too far to "
        "read it at once. Delete stray cells far below or to the right, or save it as CSV."
    ),
    "repeated_rows": _("One row is repeated %(rows)s times in this file. Delete the repetitions."),
    # Text
    "nul_byte": _(
        "Line %(line)s contains a NUL character, which no text has: the file is damaged or is no "
        "text. Save it again as CSV in UTF-8, or choose another encoding."
    ),
    "wrong_encoding": _(
        "The file is not written in the encoding %(encoding)s. Choose another encoding."
    ),
    "unknown_encoding": _("The encoding %(encoding)s is not known here. Choose one from the list."),
    "unknown_delimiter": _(
        "“%(delimiter)s” cannot separate columns. Choose one character that is neither a letter, "
        "a digit nor a quotation mark."
    ),
    "quotes": _(
        "In row %(row)s a quotation mark opens and never closes. Close or remove it, or choose "
        "another delimiter."
    ),
    "damaged_text": _(
        "Row %(row)s cannot be read as a row of a table. Check its quotation marks and line ends."
    ),
    # Notes about a file that can be read
    "sheet_left_out": _(
        "The sheet “%(sheet)s” is too large or too wide to be read and was left out."
    ),
    "gap": _(
        "Reading stops after %(blank)s blank rows. Row %(row)s and those below it are not read; "
        "if they matter, delete the blank rows."
    ),
    "formulas_without_result": ngettext_lazy(
        "%(count)d formula in “%(sheet)s” has no stored result and counts as empty: %(cell)s. "
        "Open the file in a spreadsheet program and save it to store the result.",
        "%(count)d formulas in “%(sheet)s” have no stored result and count as empty, for example "
        "%(cell)s. Open the file in a spreadsheet program and save it to store the results.",
        "count",
    ),
    "broken_bytes": ngettext_lazy(
        "%(count)d row has characters that do not fit the encoding %(encoding)s and were guessed: "
        "%(rows)s. Look at it after the import.",
        "%(count)d rows have characters that do not fit the encoding %(encoding)s and were "
        "guessed. The first: %(rows)s. Look at them after the import.",
        "count",
    ),
}
# About one value of one row: `value` is what its cell says, `now` what has become of it.
NOTE_MESSAGES: dict[str, Message] = {
    **isbn.SENTENCES,
    # The row as a whole
    "repeated_header": _("This row repeats the header of the table: there is no book in it."),
    "title_missing": _("There is no title. Fill it in and import the row again."),
    "cell_error": _(
        "The spreadsheet shows the error %(value)s here, so the cell counts as empty. Correct its "
        "formula, or fill in the value by hand."
    ),
    # ISBN: those whose row goes in without it, and those that were chosen or repaired
    "isbn_rounded": _(
        "A spreadsheet has rounded this ISBN and its last digits are lost. It is left empty: copy "
        "it from the book, or search for the title."
    ),
    "isbn_placeholder": _("Zeros only fill the place of an ISBN. It is left empty."),
    "isbn_zeros": _(
        "Leading zeros were lost and have been put back; the check digit proves the number "
        "%(now)s. Compare it with the book if in doubt."
    ),
    "isbn_several": _(
        "The cell holds several ISBNs; %(now)s was taken. Check that it is the one of this book."
    ),
    "isbn_disagree": _(
        "Two columns name different ISBNs (%(value)s); %(now)s was taken. Compare it with the book."
    ),
    "isbn_other_wrong": _(
        "“%(value)s” is not an ISBN; %(now)s from the other column was taken. Compare it with the "
        "book."
    ),
    # Titles and other text
    "title_number": _(
        "The spreadsheet holds this title as a number. Check that “%(now)s” is the whole title."
    ),
    "title_boolean": _(
        "The spreadsheet holds this title as true or false. Check that “%(now)s” is the title."
    ),
    "title_date": _(
        "The spreadsheet has turned this title into a date or time (%(now)s). Correct the title."
    ),
    "title_capitals": _("The title was in capitals and is now “%(now)s”."),
    "name_capitals": _("The name was in capitals and is now “%(now)s”."),
    "publisher_capitals": _("The publisher was in capitals and is now “%(now)s”."),
    "entities": _("Web characters such as &amp; were turned back into signs."),
    "mojibake": _("Letters that had been read in a wrong encoding were put right."),
    "lost_letters": _(
        "Letters were lost before this file was saved (\ufffd). Fill them in by hand."
    ),
    "cut_short": _("The text is too long and was cut off. Look at the whole of it in the file."),
    # People
    "name_too_long": _(
        "The name is too long and was cut off. Perhaps it holds several names: check the sign "
        "between them."
    ),
    "names_unclear": _(
        "It is not clear which commas part names and which follow a surname: “%(now)s” was taken "
        "as one name. Correct it on the book’s page."
    ),
    "people_missing": _("More people are meant (“et al.”) than are named. Add them if you can."),
    # Years and dates
    "year_invalid": _(
        "“%(value)s” is not a year. Write it as 1999, or as −350 or 350 BC before our era."
    ),
    "date_invalid": _("“%(value)s” is not a date of the calendar. Write it as 1999-05-31."),
    "year_unknown": _("“%(value)s” is not a year: it is left empty."),
    "year_unclear": _(
        "The year is only known roughly (“%(value)s”): it is left empty. Fill in a year if you can."
    ),
    "year_taken": _("The year %(now)s was taken from “%(value)s”. Check that it is the right one."),
    "year_future": _("The year %(now)s is still to come. Check that it is right."),
    "year_two_digits": _("The year has two digits and was taken as %(now)s. Check the century."),
    "years_differ": _("Two columns name different years; %(now)s was taken. Check which is right."),
    "date_ambiguous": _(
        "Day and month of “%(value)s” cannot be told apart: only the year %(now)s was taken. Write "
        "it as 1999-05-31."
    ),
    "date_serial": _("A spreadsheet’s number for a day was turned back into the date %(now)s."),
    # Other fields
    "language_unknown": _(
        "“%(value)s” is no language that is known here: it is left empty. Choose one on the book’s "
        "page, or write a code such as eng."
    ),
    "pages_invalid": _("“%(value)s” is not a number of pages. Write a whole number, such as 345."),
    "price_invalid": _("“%(value)s” is not a price. Write it as 12.50 EUR."),
    "currency_unknown": _("The currency of “%(value)s” is not known. Write a code such as EUR."),
    "subject_too_long": _(
        "A subject is too long and was cut off. Perhaps it holds several: check the sign between "
        "them."
    ),
    "subjects_too_many": _("Only the first 50 subjects were taken."),
}
# About one row, in the light of the catalogue and of the columns of its database.
ROW_MESSAGES: dict[str, Message] = {
    "repeated_isbn": _("This ISBN stands in row %(row)s of the file already."),
    "same_as_row": _(
        "Row %(row)s has the same title, author and year. Without an ISBN nobody can tell whether "
        "it is the same book: delete one of the two if it is."
    ),
    "same_as_book": _(
        "The catalogue has a book of this title, author and year (number %(book)s). Without an "
        "ISBN nobody can tell whether it is the same: delete one of the two if it is."
    ),
    "too_long": _(
        "“%(value)s” has %(length)s characters; at most %(limit)s are kept here. Shorten it."
    ),
    "too_many": _("More than %(limit)s names stand in this cell. Keep those that matter."),
    "out_of_range": _("%(value)s is not a possible number here. Correct or delete it."),
    "unstorable_characters": _("Characters that are no text were replaced by “\ufffd”."),
    "not_understood": _(
        "This row could not be understood; the server’s log says why. Enter the book by hand."
    ),
    "corrected": _("Put right by hand: it was “%(value)s”."),
    "filled_in": _("Filled in by hand: the row had nothing here."),
    "not_accepted": _(
        "The database did not accept this row; the server’s log says why. Enter the book by hand."
    ),
}
# About a whole column; its heading stands beside the sentence.
VERDICT_MESSAGES: dict[str, Message] = {
    "isbn_damaged": _(
        "%(damaged)s of %(total)s values are damaged, %(zero_percent)s %% end in 0: not used"
    ),
    "isbn_damaged_other": _(
        "%(damaged)s of %(total)s values are damaged, %(zero_percent)s %% end in 0: not used; "
        "ISBN found in column %(column)s instead"
    ),
    "zeros_lost": _("%(count)s lost a leading zero: restored where the check digit proves it"),
    "not_isbn": ngettext_lazy(
        "%(count)s value is not an ISBN: its row will be rejected",
        "%(count)s values are not an ISBN: their rows will be rejected",
        "count",
    ),
    "rounded_some": ngettext_lazy(
        "%(count)s value is rounded: it will be left empty",
        "%(count)s values are rounded: they will be left empty",
        "count",
    ),
    "split_comma": _("several in one cell, split at commas"),
    "split_semicolon": _("several in one cell, split at semicolons"),
    "split_bar": _("several in one cell, split at bars"),
    "split_ampersand": _("several in one cell, split at “&” and “and”"),
    "split_slash": _("several in one cell, split at slashes"),
    "split_line": _("several in one cell, one on each line"),
    "names_inverted": _("names are inverted"),
    "in_capitals": _("in capitals: set in small letters"),
    "day_first": _("day comes first"),
    "month_first": _("month comes first"),
    "order_unclear": _("not clear whether day or month comes first: only the year is taken"),
    "serial_dates": _("a spreadsheet’s numbers for days: turned back into dates"),
    "not_year": ngettext_lazy(
        "%(count)s value is not a year", "%(count)s values are not a year", "count"
    ),
    "not_language": ngettext_lazy(
        "%(count)s value is no known language", "%(count)s values are no known language", "count"
    ),
    "known_export": _("from an export of %(program)s"),
    "empty_column": _("empty"),
}

# What a person may choose where the encoding of a text file was found wrongly.
ENCODINGS: tuple[tuple[str, Message], ...] = (
    ("utf-8", _("Unicode (UTF-8)")),
    ("utf-16", _("Unicode (UTF-16)")),
    ("utf-16-le", _("Unicode (UTF-16, little-endian)")),
    ("utf-16-be", _("Unicode (UTF-16, big-endian)")),
    ("utf-32", _("Unicode (UTF-32)")),
    ("cp1252", _("Western European (Windows-1252)")),
    ("latin-1", _("Western European (ISO 8859-1)")),
    ("iso8859-15", _("Western European with € (ISO 8859-15)")),
    ("mac_roman", _("Western European (old Macintosh)")),
    ("cp850", _("Western European (DOS 850)")),
    ("cp437", _("Western European (DOS 437)")),
    ("cp1250", _("Central European (Windows-1250)")),
    ("iso8859-2", _("Central European (ISO 8859-2)")),
    ("cp1251", _("Cyrillic (Windows-1251)")),
    ("koi8-r", _("Cyrillic (KOI8-R)")),
    ("cp1253", _("Greek (Windows-1253)")),
    ("cp1254", _("Turkish (Windows-1254)")),
    ("cp1257", _("Baltic (Windows-1257)")),
    ("cp1255", _("Hebrew (Windows-1255)")),
    ("cp1256", _("Arabic (Windows-1256)")),
    ("cp874", _("Thai (Windows-874)")),
    ("cp932", _("Japanese (Shift JIS)")),
    ("euc_jp", _("Japanese (EUC)")),
    ("gb18030", _("Chinese, simplified (GB 18030)")),
    ("big5", _("Chinese, traditional (Big5)")),
    ("cp949", _("Korean (Windows-949)")),
)
DELIMITERS: tuple[tuple[str, Message], ...] = (
    (",", _("Comma (,)")),
    (";", _("Semicolon (;)")),
    ("\t", _("Tab")),
    ("|", _("Vertical bar (|)")),
)


class _Grouped(int):
    """A number that chooses the plural as a number and is written as 8,451."""

    def __str__(self) -> str:
        return str(number_format(int(self), force_grouping=True))


def sentence(note: Mapping[str, Any]) -> str:
    """The translated sentence of a note, a verdict or a file's problem: `{"code": …, …}`.

    A template may name the keys of the note itself (`value`, `now`) and those of its `params`.
    A code written by another version of the program, now unknown, still gives a sentence.
    """
    code = str(note["code"])
    params = {
        name: _Grouped(value) if type(value) is int else value
        for name, value in (note.get("params") or {}).items()
    }
    values = {**note, **params}
    for table in (NOTE_MESSAGES, ROW_MESSAGES, VERDICT_MESSAGES, FILE_MESSAGES):
        if code in table:
            return str(table[code] % values)
    return gettext("Something is not as expected here (%(code)s).") % {"code": code}
