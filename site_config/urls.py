"""Every address of the site."""

from django.contrib import admin
from django.urls import include, path

from accounts.views import admin_login
from site_config.shortcuts import ShortcutsView
from site_config.views import ThemeView, too_large

urlpatterns = [
    path("admin/login/", admin_login),
    path("admin/", admin.site.urls),
    path("accounts/", include("accounts.urls")),
    path("too-large/", too_large, name="too_large"),
    path("theme/", ThemeView.as_view(), name="theme"),
    path("shortcuts/", ShortcutsView.as_view(), name="shortcuts"),
    path("", include("catalog.urls")),
]
handler400 = "site_config.views.bad_request"
handler500 = "site_config.views.server_error"
