"""The front page is the list of books: what people come for."""

from catalog.views.book import BookListView


class HomeView(BookListView):
    """`/` shows what `/books/` shows; an empty catalogue says there what to do first."""
