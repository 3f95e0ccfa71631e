"""The plans of the lists do not depend on statistics, and the number of queries is fixed.

Every query that a page sends is explained twice: in a database that was never analysed, and after
ANALYZE. The reads of ids must come from the index made for them and must not sort.
"""

import re

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.forms.filters import AuthorFilterForm, BookFilterForm, PublisherFilterForm
from catalog.models import Author, Book, Contribution, Publisher
from catalog.pagination import CataloguePaginator
from catalog.search import kept, plans
from catalog.search.documents import BLOCK
from catalog.search.tallies import facets

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor == "mysql", reason="its planner is not asked here"),
]

BOOKS = 6_000
MOST = "the publisher with the most books"
BUSIEST = "the first author of the first book"
LISTS = [
    ({}, "book_by_title"),
    ({"sort": "-title"}, "book_by_title"),
    ({"sort": "-year"}, "book_by_year"),
    ({"sort": "year"}, "book_by_year"),
    ({"sort": "-added"}, "catalog_book_pkey"),
    ({"language": "eng"}, "book_by_language"),
    ({"language": "fre"}, "book_by_language"),
    ({"language": "none"}, "book_by_language"),
    ({"decade": "1990"}, "book_by_decade"),
    ({"decade": "0"}, "book_by_decade"),
    ({"publisher": MOST}, "book_by_publisher"),
    ({"isbn": "with"}, "book_by_has_isbn"),
    ({"isbn": "without"}, "book_by_has_isbn"),
    ({"isbn": "repaired"}, "book_by_repaired"),
    ({"cover": "without"}, "book_by_has_cover"),
]


@pytest.fixture(scope="module")
def catalogue(django_db_setup, django_db_blocker):
    """Enough made-up books that a planner has something to choose; shared by the module."""
    with django_db_blocker.unblock():
        call_command("make_books", BOOKS)
        forget_statistics()
        kept._remembered = None  # another database may have stood here before
        yield
        call_command("flush", interactive=False, verbosity=0)


@pytest.fixture(params=["without statistics", "analysed"])
def statistics(request, catalogue):
    if request.param == "analysed":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")


def forget_statistics():
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("ANALYZE sqlite_schema")
            cursor.execute("DELETE FROM sqlite_stat1")
            cursor.execute("ANALYZE sqlite_schema")
        else:
            cursor.execute(
                "DELETE FROM pg_statistic WHERE starelid::regclass::text LIKE 'catalog%'"
            )


def queries(form, model, page=1):
    """What the list page asks the database, as SQL."""
    with CaptureQueriesContext(connection) as captured:
        paginator = CataloguePaginator(form.listing(model.objects.for_list()), 25)
        number = paginator.num_pages if page == "last" else page
        list(paginator.get_page(number))
    return [query["sql"] for query in captured.captured_queries]


def filled(params):
    """The parameters with keys that the database chose."""
    keys = {MOST: kept.most_of("publisher", 1)[0][0]}
    if BUSIEST in params.values():
        keys[BUSIEST] = str(Contribution.objects.earliest("pk").author_id)
    return {name: keys.get(value, value) for name, value in params.items()}


def explain(sql):
    with connection.cursor() as cursor:
        how = "EXPLAIN QUERY PLAN " if connection.vendor == "sqlite" else "EXPLAIN "
        cursor.execute(how + sql)
        return "\n".join(str(row[-1]) for row in cursor.fetchall())


def read_of_ids(statements):
    """The statement that finds the rows of the page."""
    (sql,) = [sql for sql in statements if re.match(r'SELECT "catalog_\w+"."id" AS "id" FROM', sql)]
    return sql


def check(plan, index):
    assert "SORT" not in plan.upper().replace("SORT_", "")
    assert "TEMP B-TREE" not in plan
    assert "Seq Scan" not in plan
    if index.endswith("_pkey") and connection.vendor == "sqlite":
        assert re.fullmatch(r"(SCAN|SEARCH) catalog_book( USING INTEGER PRIMARY KEY .*)?", plan)
    else:
        assert index in plan


@pytest.mark.parametrize("at", [1, 3, "last"])
@pytest.mark.parametrize(("params", "index"), LISTS, ids=str)
def test_every_list_is_read_from_its_own_index(statistics, params, index, at):
    plan = explain(read_of_ids(queries(BookFilterForm(filled(params)), Book, at)))
    check(plan, index)


@pytest.mark.parametrize(("params", "index"), LISTS, ids=str)
def test_the_record_after_one_is_read_from_the_index_of_the_list(statistics, params, index):
    listing = BookFilterForm(filled(params)).listing(Book.objects.for_list())
    pk, following = listing.plan.ids(7, 9)
    with CaptureQueriesContext(connection) as captured:
        assert listing.following(pk) == following
    statements = [query["sql"] for query in captured.captured_queries]
    reads = [sql for sql in statements if "LIMIT 1" in sql and "ORDER BY" in sql]
    assert reads
    for sql in reads:
        plan = explain(sql)
        assert "SORT" not in plan.upper().replace("SORT_", "")
        assert "TEMP B-TREE" not in plan
        assert "Seq Scan" not in plan
        assert "SCAN catalog_book" not in plan
    check(explain(reads[-1]), index)


@pytest.mark.parametrize("sort", ["title", "-year", "-added"])
def test_far_pages_are_read_from_the_same_index(statistics, monkeypatch, sort):
    monkeypatch.setattr(plans, "NEAR", -1)
    index = {"title": "book_by_title", "-year": "book_by_year", "-added": "catalog_book_pkey"}
    plan = explain(read_of_ids(queries(BookFilterForm({"sort": sort}), Book, 120)))
    check(plan, index[sort])


def test_far_pages_skip_only_within_a_group(catalogue, monkeypatch):
    monkeypatch.setattr(plans, "NEAR", -1)
    for sort in ("title", "-title", "-year", "year", "-added"):
        for page in (2, 77, 120, 200, 239):
            sql = read_of_ids(queries(BookFilterForm({"sort": sort}), Book, page))
            skipped = int((re.search(r"OFFSET (\d+)", sql) or [0, 0])[1])
            # Half of the largest group: a third of the titles begin alike, a block is 4,096 ids.
            assert skipped <= (BLOCK / 2 if sort == "-added" else 500), (sort, page)


@pytest.mark.parametrize(
    ("form", "model", "index"),
    [
        (AuthorFilterForm({}), Author, "author_by_name"),
        (AuthorFilterForm({"sort": "-name"}), Author, "author_by_name"),
        (AuthorFilterForm({"kind": "person"}), Author, "author_by_kind"),
        (PublisherFilterForm({"country": "France"}), Publisher, "publisher_by_country"),
    ],
)
def test_lists_of_names_are_read_from_their_index(statistics, form, model, index):
    check(explain(read_of_ids(queries(form, model))), index)


def test_a_search_never_reads_the_whole_index(statistics):
    for text in ("the", "zebra", "th", "jos", "press bo"):
        statements = queries(BookFilterForm({"q": text}), Book)
        found = [sql for sql in statements if "catalog_booksearch" in sql and "_words" not in sql]
        assert found
        for sql in found:
            plan = explain(sql)
            if connection.vendor == "sqlite":
                assert "VIRTUAL TABLE INDEX" in plan
                assert "TEMP B-TREE" not in plan
            else:
                index = "catalog_booksearch_words" if "hits" in sql else "catalog_booksearch_pkey"
                assert index in plan
                assert "Seq Scan" not in plan


# --- Numbers of queries ---------------------------------------------------------------------

# PostgreSQL asks a sample how frequent the words are; then one way, or a second one as well.
SAMPLED = 3 if connection.vendor == "postgresql" else 0
COSTS = [
    # 1. generation  2. ids  3. books with publishers  4. contributions with authors
    ({}, 4),
    ({"page": "last"}, 4),
    ({"sort": "-year"}, 4),
    ({"language": "eng"}, 4),
    ({"isbn": "with", "page": "last"}, 4),
    # … and the kept count of the publisher
    ({"publisher": MOST}, 5),
    # … the index of words instead of the ids, then the titles to rank by
    ({"q": "th"}, 5 + SAMPLED),
    # … the ids of one filter, the others tried on them
    ({"language": "eng", "isbn": "with"}, 4),
    # … the books of the author, then the titles to sort by
    ({"author": BUSIEST, "sort": "-year"}, 5),
]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("params", "cost"), COSTS, ids=str)
def test_the_number_of_queries_is_fixed(params, cost):
    for number, start in ((40, 0), (400, 40)):
        call_command("make_books", number, start=start)
        form = {name: value for name, value in filled(params).items() if name != "page"}
        page = params.get("page", 1)
        queries(BookFilterForm(form), Book, page)  # the counts are read once a generation
        spent = len(queries(BookFilterForm(form), Book, page))
        assert spent == cost or (SAMPLED and cost > 5 and 6 <= spent <= cost)
        with CaptureQueriesContext(connection) as captured:
            facets(BookFilterForm(form))
        assert len(captured) == 1


@pytest.mark.django_db(transaction=True)
def test_lists_of_names_cost_a_fixed_number_of_queries():
    call_command("make_books", 200)
    # 1. their number  2. ids  3. the rows  4. numbers of books
    assert len(queries(AuthorFilterForm({}), Author)) == 4
    assert len(queries(PublisherFilterForm({}), Publisher)) == 4
    assert len(queries(PublisherFilterForm({"sort": "-books"}), Publisher)) == 4
