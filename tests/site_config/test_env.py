import pytest

from site_config.env import Environment, SettingError, bucket_origins


def env(**values):
    return Environment(values)


def test_an_empty_value_counts_as_not_set():
    assert env(NAME="  ").text("NAME", "default") == "default"
    assert env(NAME="").flag("NAME", default=True) is True
    assert env(NAME="").number("NAME", default=7) == 7


@pytest.mark.parametrize(("value", "expected"), [("Yes", True), ("1", True), ("OFF", False)])
def test_a_flag_is_said_in_several_ways(value, expected):
    assert env(NAME=value).flag("NAME", default=not expected) is expected


def test_a_secret_may_come_from_a_file(tmp_path):
    path = tmp_path / "secret"
    path.write_text("hidden\n")
    assert env(NAME_FILE=str(path)).text("NAME") == "hidden"


WRONG = [
    ({"N": "maybe"}, lambda e: e.flag("N", True), "N must be true or false, not “maybe”."),
    ({"N": "ten"}, lambda e: e.number("N", 1), "N must be a whole number, not “ten”."),
    ({"N": "0"}, lambda e: e.number("N", 1, minimum=1), "N must be at least 1, not 0."),
    ({"N": "70000"}, lambda e: e.number("N", 1, maximum=65535), "N must be at most 65535"),
    ({"N": "x", "N_FILE": "y"}, lambda e: e.text("N"), "Set N or N_FILE, not both."),
    ({"N_FILE": "/nowhere/at/all"}, lambda e: e.text("N"), "N_FILE cannot be read"),
    (
        {"N": "loud"},
        lambda e: e.choice("N", ("INFO",), "INFO"),
        "N must be one of INFO; not “loud”.",
    ),
    ({"N": "http://x"}, lambda e: e.url("N", ("redis",)), "N must look like redis://…."),
    ({"N": "redis://h:port/1"}, lambda e: e.url("N", ("redis",)), "N must look like redis://…."),
    ({}, lambda e: e.secret_key("N"), "N must be a long random text"),
    ({"N": "short"}, lambda e: e.secret_key("N"), "this one has 5."),
    ({"N": "ab" * 40}, lambda e: e.secret_key("N"), "N must be at least 50 random characters"),
    ({"N": "https://books.example"}, lambda e: e.hosts("N", ""), "not “https://books.example”."),
    ({"N": "a.example:80"}, lambda e: e.hosts("N", ""), "without a port; not “a.example:80”."),
    ({"N": "a.example b.example"}, lambda e: e.hosts("N", ""), "separated by commas"),
    ({"N": "books.example"}, lambda e: e.origins("N"), "such as https://books.example.org"),
    ({"N": "https://a.example/x"}, lambda e: e.origins("N"), "without a path"),
    ({"N": "Mara"}, lambda e: e.people("N"), "N must be e-mail addresses"),
    ({"N": "Vienna"}, lambda e: e.time_zone("N", "UTC"), "such as Europe/Vienna; not “Vienna”."),
    ({"N": "/dev/null/x"}, lambda e: e.folder("N", "."), "N must be a folder that can be written"),
    ({"N": "oracle://h/x"}, lambda e: e.database("N", "."), "N must look like postgres://"),
    ({"N": "postgres"}, lambda e: e.database("N", "."), "N must look like postgres://"),
    ({"N": "postgres://u:p@h:5432"}, lambda e: e.database("N", "."), "N must name a database"),
    ({"N": "postgres://h:x/n"}, lambda e: e.database("N", "."), "N must look like postgres://"),
    ({"N": "sqlite://:memory:"}, lambda e: e.database("N", "."), "N must "),
    ({"N": "sqlite:////no/such/folder/f"}, lambda e: e.database("N", "."), "a folder that exists"),
    ({"N": "memcached://h"}, lambda e: e.cache("N"), "N must look like redis://"),
    ({"N": "dbcache://"}, lambda e: e.cache("N"), "N must look like redis://"),
    ({"N": "mail.example.org"}, lambda e: e.email("N"), "N must look like smtp+tls://"),
    ({"N": "smtp://"}, lambda e: e.email("N"), "N must look like smtp+tls://"),
]


@pytest.mark.parametrize(("values", "read", "sentence"), WRONG)
def test_a_wrong_value_gets_a_sentence_that_names_the_variable(values, read, sentence):
    with pytest.raises(SettingError) as caught:
        read(Environment(values))
    assert sentence in str(caught.value)
    assert str(caught.value).startswith(("N ", "N_FILE ", "Set N "))


def test_a_sentence_does_not_give_a_password_away():
    with pytest.raises(SettingError) as caught:
        env(N="oracle://mara:hunter2@host/name").database("N", ".")
    assert "hunter2" not in str(caught.value)


def test_host_names_of_all_kinds_are_taken():
    names = "books.example.org,.example.org,localhost,127.0.0.1,[::1],*"
    assert env(N=names).hosts("N", "") == names.split(",")


def test_database_options_come_from_the_address():
    config = env(N="postgres://u:p%40ss@h:5433/books?sslmode=require").database("N", ".")
    assert config["PASSWORD"] == "p@ss"
    assert config["OPTIONS"] == {"sslmode": "require"}


@pytest.mark.parametrize(
    ("url", "backend", "location"),
    [
        ("redis://h:6379/1", "redis.RedisCache", "redis://h:6379/1"),
        ("rediss://u:p@h:6380/1", "redis.RedisCache", "rediss://u:p@h:6380/1"),
        ("pymemcache://h:11211", "memcached.PyMemcacheCache", "h:11211"),
        ("dbcache://cache", "db.DatabaseCache", "cache"),
        ("filecache:///var/cache/x", "filebased.FileBasedCache", "/var/cache/x"),
        ("locmemcache://", "locmem.LocMemCache", ""),
    ],
)
def test_every_cache_that_the_manual_names_is_understood(url, backend, location):
    config = env(N=url).cache("N")
    assert config["BACKEND"].endswith(backend)
    assert config["LOCATION"] == location


def test_people_have_names_or_only_addresses():
    assert env(N="Mara Keller <m@x.org>, jo@x.org").people("N") == [
        ("Mara Keller", "m@x.org"),
        ("", "jo@x.org"),
    ]
    assert env().people("N") == []


def test_mail_goes_through_the_server_of_the_address():
    config = env(N="smtp+tls://mara:p%40ss@mail.example.org:587").email("N")
    assert config["EMAIL_HOST"] == "mail.example.org"
    assert config["EMAIL_HOST_PASSWORD"] == "p@ss"
    assert config["EMAIL_USE_TLS"] is True


@pytest.mark.parametrize(
    ("bucket", "endpoint", "region", "origins"),
    [
        ("covers", "https://s3.example.org:9000/x", None, ["https://s3.example.org:9000"]),
        ("covers", None, None, ["https://covers.s3.amazonaws.com"]),
        (
            "covers",
            None,
            "eu-central-1",
            ["https://covers.s3.amazonaws.com", "https://covers.s3.eu-central-1.amazonaws.com"],
        ),
        ("my.covers", None, None, ["https://s3.amazonaws.com/my.covers/"]),
    ],
)
def test_pages_may_show_pictures_from_where_signed_links_lead(bucket, endpoint, region, origins):
    assert bucket_origins(bucket, endpoint, region) == origins
