"""The three roles: Django groups whose permissions are kept in step after every migrate."""

from enum import StrEnum
from typing import Any

from django.contrib.auth.models import Group, Permission
from django.db.models import Q

from accounts.models import User


class Role(StrEnum):
    READER = "reader"
    CATALOGUER = "cataloguer"
    MANAGER = "manager"


RECORDS = ("publisher", "author", "book", "contribution", "subject")
STAFF_ROLES = (Role.CATALOGUER, Role.MANAGER)  # they reach the record forms of the admin


def _names(actions: tuple[str, ...], models: tuple[str, ...]) -> set[str]:
    return {f"catalog.{action}_{model}" for action in actions for model in models}


READ = _names(("view",), (*RECORDS, "attachment")) | _names(("view", "add"), ("note",))
CATALOGUE = (
    READ
    | _names(("add", "change"), RECORDS)
    | _names(("add", "change", "delete"), ("attachment",))
    | _names(("add", "change", "view"), ("importjob", "bulkedit"))
    | _names(("view",), ("importrow",))
)
# Copies of a book's credits go with the book: taking one out again is part of changing it.
CATALOGUE |= _names(("delete",), ("contribution",))


def wanted(role: Role) -> Q:
    """The permissions that a role has, as a filter."""
    if role is Role.MANAGER:
        return (
            Q(content_type__app_label="catalog")
            | Q(content_type__app_label="accounts", content_type__model="user")
            | Q(content_type__app_label="auth", codename="view_group")
        )
    query = Q(pk__in=())
    for name in READ if role is Role.READER else CATALOGUE:
        app_label, codename = name.split(".")
        query |= Q(content_type__app_label=app_label, codename=codename)
    return query


def sync(using: str = "default", **kwargs: Any) -> None:
    """Make the groups and give them exactly their permissions; nothing happens when they have.

    Other groups are left alone: whoever needs finer rights makes a group of their own.
    """
    for role in Role:
        group, _made = Group.objects.using(using).get_or_create(name=role.value)
        group.permissions.set(Permission.objects.using(using).filter(wanted(role)))


def assign(user: User, role: Role) -> None:
    """Give a person this role and take the others away."""
    for group in Group.objects.filter(name__in=[role.value for role in Role]):
        if group.name == role.value:
            user.groups.add(group)
        else:
            user.groups.remove(group)


def keep_staff_in_step(
    instance: User | Group, action: str, reverse: bool, pk_set: set[int] | None, **kwargs: Any
) -> None:
    """Let into the admin whoever has a role that changes records, and nobody else.

    So a manager only chooses groups, and cannot forget the second tick that they need.
    """
    if action not in {"post_add", "post_remove", "post_clear"}:
        return
    people = User.objects.filter(pk__in=pk_set or ()) if reverse else [instance]
    for person in people:
        assert isinstance(person, User)  # noqa: S101 - narrows what the signal's types leave open
        staff = person.is_superuser or person.groups.filter(name__in=STAFF_ROLES).exists()
        if person.is_staff != staff:
            person.is_staff = staff
            person.save(update_fields=["is_staff"])
