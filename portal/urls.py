"""Every address, by page package."""

from allauth.account import views as account
from django.urls import URLPattern, URLResolver, include, path

from portal import health

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    # Of allauth only what a portal with made accounts needs: nobody signs up, no mail is sent.
    path("accounts/login/", account.login, name="account_login"),
    path("accounts/logout/", account.logout, name="account_logout"),
    path("accounts/password/", account.password_change, name="account_change_password"),
    path("accounts/again/", account.reauthenticate, name="account_reauthenticate"),
    path("accounts/inactive/", account.account_inactive, name="account_inactive"),
    path("accounts/2fa/", include("allauth.mfa.urls")),
    path("accounts/social/", include("allauth.socialaccount.urls")),
    path("accounts/", include("allauth.socialaccount.providers.openid_connect.urls")),
    path("", include("portal.home.urls")),
    path("", include("portal.catalogue.urls")),
    path("", include("portal.requesting.urls")),
    path("", include("portal.environments.urls")),
    path("", include("portal.connecting.urls")),
    path("", include("portal.drift.urls")),
    path("", include("portal.recovering.urls")),
    path("", include("portal.releases.urls")),
    path("", include("portal.tables.urls")),
    path("", include("portal.items.urls")),
    path("", include("portal.statements.urls")),
    path("", include("portal.comparing_items.urls")),
    path("", include("portal.item_jobs.urls")),
    path("", include("portal.item_moves.urls")),
    path("", include("portal.orphans.urls")),
    path("", include("portal.table_list.urls")),
    path("", include("portal.flags.urls")),
    path("", include("portal.costs.urls")),
    path("", include("portal.budgets.urls")),
    path("", include("portal.environment_costs.urls")),
    path("", include("portal.parameters.urls")),
    path("", include("portal.schedules.urls")),
    path("", include("portal.copying_parameters.urls")),
    path("", include("portal.adopting.urls")),
    path("", include("portal.changes.urls")),
    path("", include("portal.approvals.urls")),
    path("", include("portal.audit.urls")),
    path("", include("portal.api.urls")),
    path("", include("portal.api_tokens.urls")),
    path("", include("portal.engine_room.urls")),
]

handler400 = "portal.errors.bad_request"
handler403 = "portal.errors.forbidden"
handler404 = "portal.errors.not_found"
handler500 = "portal.errors.server_error"
