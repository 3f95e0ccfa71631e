import pytest
from django.db import IntegrityError, OperationalError, transaction

from catalog.models.versioned import Conflict, RecordGone
from catalog.services import deadlocks
from catalog.services.deadlocks import ATTEMPTS, again, read_anew


class Ended(Exception):
    """What a driver raises."""

    def __init__(self, number=None, sqlstate=None):
        super().__init__(number, "…")
        self.sqlstate = sqlstate


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch):
    monkeypatch.setattr(deadlocks.time, "sleep", lambda seconds: None)


def write(*failures):
    """A writer that fails so many times before it works, and the list of its attempts."""
    attempts = []

    @again
    def writer(text):
        attempts.append(text)
        if len(attempts) <= len(failures):
            raise OperationalError("…") from failures[len(attempts) - 1]
        return text.upper()

    return writer, attempts


POSTGRESQL, MARIADB = Ended(sqlstate="40P01"), Ended(1213)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("ended", [POSTGRESQL, Ended(sqlstate="40001"), MARIADB])
def test_a_deadlock_is_tried_again(ended):
    writer, attempts = write(ended, ended)
    assert writer("dune") == "DUNE"
    assert attempts == ["dune"] * 3


@pytest.mark.django_db(transaction=True)
def test_not_for_ever():
    writer, attempts = write(*[POSTGRESQL] * 9)
    with pytest.raises(OperationalError):
        writer("dune")
    assert len(attempts) == ATTEMPTS


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("ended", [Ended(sqlstate="57014"), Ended(1205), None])
def test_other_failures_are_not_tried_again(ended):
    writer, attempts = write(ended)
    with pytest.raises(OperationalError):
        writer("dune")
    assert len(attempts) == 1


@pytest.mark.django_db(transaction=True)
def test_within_a_transaction_it_is_up_to_whoever_began_it():
    writer, attempts = write(POSTGRESQL)
    with pytest.raises(OperationalError), transaction.atomic():
        writer("dune")
    assert len(attempts) == 1


@pytest.mark.parametrize("quicker", [Conflict({}, 2), RecordGone(), IntegrityError()])
@pytest.mark.parametrize("times", [1, ATTEMPTS])
def test_what_somebody_saved_in_this_moment_is_read_but_not_for_ever(quicker, times):
    attempts = []

    @read_anew
    def save():
        attempts.append(1)
        if len(attempts) <= times:
            raise quicker
        return "saved"

    if times < ATTEMPTS:
        assert save() == "saved"
    else:
        with pytest.raises(type(quicker)):
            save()
    assert len(attempts) == min(times + 1, ATTEMPTS)
