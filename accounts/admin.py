"""Looking after people, until they have pages of their own."""

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.models import User


@admin.register(User)
class PersonAdmin(UserAdmin):
    """Roles only: nobody gives single permissions, or more rights than they have."""

    list_display = ("username", "email", "first_name", "last_name", "is_active", "last_login")
    list_filter = ("groups", "is_active")
    filter_horizontal = ("groups",)
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        (_("Person"), {"fields": ("first_name", "last_name", "email")}),
        (_("May do"), {"fields": ("is_active", "groups")}),
        (_("Dates"), {"fields": ("last_login", "date_joined")}),
    )
    readonly_fields = ("last_login", "date_joined")

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_change_permission(request, obj) and self._is_peer(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_delete_permission(request, obj) and self._is_peer(request, obj)

    @staticmethod
    def _is_peer(request: HttpRequest, obj: User | None) -> bool:
        """A superuser is out of a manager's reach: one could be taken over by a new password."""
        return obj is None or not obj.is_superuser or request.user.is_superuser
