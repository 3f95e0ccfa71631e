"""Every address of the catalogue; fixed paths stand before those with a parameter."""

from django.urls import path

from catalog.views import (
    author,
    book,
    deleting,
    duplicates,
    files,
    history,
    home,
    import_rows,
    imports,
    notes,
    picking,
    publisher,
)

app_name = "catalog"
urlpatterns = [
    path("", home.HomeView.as_view(), name="home"),
    path("books/", book.BookListView.as_view(), name="book_list"),
    path("books/new/", book.BookCreateView.as_view(), name="book_create"),
    path(
        "books/duplicates/",
        duplicates.DuplicatesView.as_view(kind="book"),
        name="book_duplicates",
    ),
    path("books/<int:pk>/", book.BookDetailView.as_view(), name="book_detail"),
    path("books/<int:pk>/edit/", book.BookUpdateView.as_view(), name="book_update"),
    path("books/<int:pk>/delete/", deleting.BookDeleteView.as_view(), name="book_delete"),
    path(
        "books/<int:pk>/undelete/",
        deleting.RecordUndeleteView.as_view(kind="book"),
        name="book_undelete",
    ),
    path(
        "books/<int:pk>/history/",
        history.RecordHistoryView.as_view(kind="book"),
        name="book_history",
    ),
    path("books/<int:pk>/notes/", notes.NotesView.as_view(kind="book"), name="book_notes"),
    path("authors/", author.AuthorListView.as_view(), name="author_list"),
    path("authors/new/", author.AuthorCreateView.as_view(), name="author_create"),
    path("authors/pick/", picking.AuthorPickView.as_view(), name="author_pick"),
    path(
        "authors/duplicates/",
        duplicates.DuplicatesView.as_view(kind="author"),
        name="author_duplicates",
    ),
    path("authors/<int:pk>/", author.AuthorDetailView.as_view(), name="author_detail"),
    path("authors/<int:pk>/edit/", author.AuthorUpdateView.as_view(), name="author_update"),
    path(
        "authors/<int:pk>/delete/",
        deleting.AuthorDeleteView.as_view(),
        name="author_delete",
    ),
    path(
        "authors/<int:pk>/undelete/",
        deleting.RecordUndeleteView.as_view(kind="author"),
        name="author_undelete",
    ),
    path(
        "authors/<int:pk>/history/",
        history.RecordHistoryView.as_view(kind="author"),
        name="author_history",
    ),
    path("authors/<int:pk>/notes/", notes.NotesView.as_view(kind="author"), name="author_notes"),
    path("publishers/", publisher.PublisherListView.as_view(), name="publisher_list"),
    path("publishers/new/", publisher.PublisherCreateView.as_view(), name="publisher_create"),
    path("publishers/pick/", picking.PublisherPickView.as_view(), name="publisher_pick"),
    path(
        "publishers/duplicates/",
        duplicates.DuplicatesView.as_view(kind="publisher"),
        name="publisher_duplicates",
    ),
    path("publishers/<int:pk>/", publisher.PublisherDetailView.as_view(), name="publisher_detail"),
    path(
        "publishers/<int:pk>/edit/",
        publisher.PublisherUpdateView.as_view(),
        name="publisher_update",
    ),
    path(
        "publishers/<int:pk>/delete/",
        deleting.PublisherDeleteView.as_view(),
        name="publisher_delete",
    ),
    path(
        "publishers/<int:pk>/undelete/",
        deleting.RecordUndeleteView.as_view(kind="publisher"),
        name="publisher_undelete",
    ),
    path(
        "publishers/<int:pk>/history/",
        history.RecordHistoryView.as_view(kind="publisher"),
        name="publisher_history",
    ),
    path(
        "publishers/<int:pk>/notes/",
        notes.NotesView.as_view(kind="publisher"),
        name="publisher_notes",
    ),
    path("notes/<int:pk>/delete/", notes.NoteDeleteView.as_view(), name="note_delete"),
    path("changes/", history.ChangesView.as_view(), name="changes"),
    path(
        "changes/<str:kind>/<int:pk>/put-back/",
        history.ChangeRevertView.as_view(),
        name="change_revert",
    ),
    path("uploads/", files.UploadView.as_view(), name="upload"),
    path("uploads/<uuid:pk>/", files.UploadPictureView.as_view(), name="upload_picture"),
    path(
        "attachments/new/<str:kind>/<int:record_id>/",
        files.AttachmentCreateView.as_view(),
        name="attachment_create",
    ),
    path("attachments/<int:pk>/", files.AttachmentDownloadView.as_view(), name="attachment"),
    path(
        "attachments/<int:pk>/delete/",
        files.AttachmentDeleteView.as_view(),
        name="attachment_delete",
    ),
    path(
        "attachments/restore/<str:token>/",
        files.AttachmentRestoreView.as_view(),
        name="attachment_restore",
    ),
    path("media/<path:path>", files.MediaView.as_view(), name="media"),
    path("imports/", imports.ImportListView.as_view(), name="import_list"),
    path("imports/new/", imports.ImportCreateView.as_view(), name="import_create"),
    path("imports/sample/", imports.ImportSampleView.as_view(), name="import_sample"),
    path("imports/<int:pk>/", imports.ImportDetailView.as_view(), name="import_detail"),
    path("imports/<int:pk>/mapping/", imports.ImportUpdateView.as_view(), name="import_update"),
    path("imports/<int:pk>/cancel/", imports.ImportCancelView.as_view(), name="import_cancel"),
    path("imports/<int:pk>/rows/", import_rows.ImportRowsView.as_view(), name="import_rows"),
    path(
        "imports/<int:pk>/rows/rejected.csv",
        import_rows.ImportRejectedView.as_view(),
        name="import_rejected",
    ),
    path(
        "imports/<int:pk>/rows/<int:number>/",
        import_rows.ImportRowUpdateView.as_view(),
        name="import_row_update",
    ),
]
