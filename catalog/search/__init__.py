"""Finding books, authors and publishers at any size: the word index, the kept counts, the lists.

`documents` says what is indexed, `sqlite`, `postgresql` and `mysql` how, `indexing` keeps it in
step with the records, `listings` turns what a person asked for into the rows of a page.
"""
