import pytest
from django.contrib.auth.models import Group, Permission

from accounts import roles
from accounts.models import User


def test_readers_only_look(reader):
    assert reader.has_perm("catalog.view_book")
    assert not reader.has_perm("catalog.add_book")
    assert not reader.has_perm("catalog.view_importjob")
    assert not reader.is_staff


def test_cataloguers_add_change_and_import_but_never_delete(cataloguer):
    for name in (
        "add_book",
        "change_author",
        "add_importjob",
        "change_importjob",
        "view_importrow",
    ):
        assert cataloguer.has_perm(f"catalog.{name}"), name
    assert not cataloguer.has_perm("catalog.delete_book")
    assert not cataloguer.has_perm("catalog.delete_importjob")
    assert not cataloguer.has_perm("accounts.view_user")
    assert cataloguer.is_staff


def test_managers_do_everything_in_the_catalogue_and_look_after_people(manager):
    for permission in Permission.objects.filter(content_type__app_label__in=("catalog",)):
        assert manager.has_perm(f"catalog.{permission.codename}"), permission.codename
    assert manager.has_perm("accounts.change_user")
    assert not manager.has_perm("auth.change_group")
    assert not manager.is_superuser


@pytest.mark.django_db
def test_migrating_again_gives_a_role_exactly_its_permissions():
    group = Group.objects.get(name="reader")
    before = set(group.permissions.values_list("codename", flat=True))
    group.permissions.set(Permission.objects.filter(codename__in=("delete_book", "view_book")))
    roles.sync()
    assert set(group.permissions.values_list("codename", flat=True)) == before


@pytest.mark.django_db
def test_every_permission_that_a_role_names_exists():
    for role in (roles.Role.READER, roles.Role.CATALOGUER):
        named = roles.READ if role is roles.Role.READER else roles.CATALOGUE
        assert Permission.objects.filter(roles.wanted(role)).count() == len(named)


def test_a_person_has_one_role(reader):
    roles.assign(reader, roles.Role.MANAGER)
    assert [group.name for group in reader.groups.all()] == ["manager"]


def test_the_admin_is_open_as_long_as_the_role_lasts(reader):
    group = Group.objects.get(name="cataloguer")
    group.user_set.add(reader)
    reader.refresh_from_db()
    assert reader.is_staff
    reader.groups.clear()
    reader.refresh_from_db()
    assert not reader.is_staff


@pytest.mark.django_db
def test_a_superuser_stays_in_the_admin_without_a_role():
    user = User.objects.create_superuser("root", password="x" * 12)
    user.groups.add(Group.objects.get(name="reader"))
    user.refresh_from_db()
    assert user.is_staff
