from django.apps import AppConfig


class SiteConfig(AppConfig):
    """The project itself: an app only for its system checks."""

    name = "site_config"

    def ready(self) -> None:
        from site_config import checks  # noqa: F401 - importing registers them
