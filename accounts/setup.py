"""The first visit to an empty installation: whoever has the console's token becomes manager."""

import base64
import sys
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import DatabaseError, transaction
from django.urls import reverse
from django.utils.crypto import constant_time_compare, salted_hmac

from accounts import roles
from accounts.models import User

LOCAL_HOSTS = {"localhost", "127.0.0.1", "[::1]", "*"}


class AlreadySetUp(Exception):
    """Somebody else was first."""


def needed() -> bool:
    """Nobody has an account yet."""
    return not User.objects.exists()


def token() -> str:
    """The same on every start while SECRET_KEY stays: no file or table has to keep it."""
    digest = salted_hmac("accounts.setup", "first manager", algorithm="sha256").digest()
    return base64.b32encode(digest[:15]).decode().lower()


def token_matches(entered: str) -> bool:
    return constant_time_compare(entered.strip().lower(), token())


def create_first_manager(user: User) -> User:
    """Save this person as manager, if nobody was quicker.

    The lock on the group's row lets two people in one after the other on PostgreSQL and MariaDB;
    SQLite's transactions begin with the write lock.
    """
    with transaction.atomic():
        group, _made = Group.objects.get_or_create(name=roles.Role.MANAGER)
        Group.objects.select_for_update().get(pk=group.pk)
        if not needed():
            raise AlreadySetUp
        user.save()
        roles.assign(user, roles.Role.MANAGER)
    return user


def address() -> str:
    """Where the site is reached, as far as the settings tell."""
    hosts = [host for host in settings.ALLOWED_HOSTS if host not in LOCAL_HOSTS]
    if hosts:
        return f"{'https' if settings.HTTPS else 'http'}://{hosts[0].lstrip('.')}"
    return f"http://127.0.0.1:{settings.PORT}"


def announce() -> None:
    """Print, while nobody has an account, where and with what token the first manager signs up."""
    try:
        if not needed():
            return
    except DatabaseError:
        return  # before the first migrate: the start itself will say what is missing
    page = f"{address()}{reverse('accounts:first_manager')}"
    sys.stdout.write(
        f"\nColophon has no manager yet. Open {page}?{urlencode({'token': token()})}\n"
        f"to become the first one (the token is {token()}).\n\n"
    )
    sys.stdout.flush()
