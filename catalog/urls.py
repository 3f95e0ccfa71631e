"""Every address of the catalogue; fixed paths stand before those with a parameter."""

from django.urls import path

from catalog.views import author, book, home, publisher

app_name = "catalog"
urlpatterns = [
    path("", home.HomeView.as_view(), name="home"),
    path("books/", book.BookListView.as_view(), name="book_list"),
    path("books/new/", book.BookCreateView.as_view(), name="book_create"),
    path("books/<int:pk>/", book.BookDetailView.as_view(), name="book_detail"),
    path("authors/", author.AuthorListView.as_view(), name="author_list"),
    path("authors/<int:pk>/", author.AuthorDetailView.as_view(), name="author_detail"),
    path("publishers/", publisher.PublisherListView.as_view(), name="publisher_list"),
    path("publishers/<int:pk>/", publisher.PublisherDetailView.as_view(), name="publisher_detail"),
]
