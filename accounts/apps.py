from django.apps import AppConfig, apps
from django.db.models.signals import m2m_changed, post_migrate
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("People")

    def ready(self) -> None:
        from accounts import roles
        from accounts.models import User

        # After catalog, the last app: only then do all the permissions exist.
        post_migrate.connect(
            roles.sync, sender=apps.get_app_config("catalog"), dispatch_uid="accounts.roles"
        )
        m2m_changed.connect(
            roles.keep_staff_in_step, sender=User.groups.through, dispatch_uid="accounts.staff"
        )
