"""Every sentence that an import can say, by code: what is wrong and what to do about it.

The codes travel (through the reader process, the database, JSON); the words are chosen here, in
the language of the page that shows them.
"""

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _

Message = str | Promise  # with %(name)s for a value; ngettext_lazy(…, "count") for plurals

# About the file as a whole: UnreadableFile and FileInfo.notes.
FILE_MESSAGES: dict[str, Message] = {}
# About one value of one row.
NOTE_MESSAGES: dict[str, Message] = {}
# About a whole column.
VERDICT_MESSAGES: dict[str, Message] = {}


def sentence(note: Mapping[str, Any]) -> str:
    """The translated sentence of a note, a verdict or a file's problem: `{"code": …, …}`.

    A template may name the keys of the note itself (`value`, `now`) and those of its `params`.
    A code written by another version of the program, now unknown, still gives a sentence.
    """
    code = str(note["code"])
    values = {**note, **(note.get("params") or {})}
    for table in (NOTE_MESSAGES, VERDICT_MESSAGES, FILE_MESSAGES):
        if code in table:
            return str(table[code] % values)
    return _("Something is not as expected here (%(code)s).") % {"code": code}
