"""Every address of the site."""

from django.contrib import admin
from django.urls import include, path

from accounts.views import admin_login

urlpatterns = [
    path("admin/login/", admin_login),
    path("admin/", admin.site.urls),
    path("accounts/", include("accounts.urls")),
    path("", include("catalog.urls")),
]
