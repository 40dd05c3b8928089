"""Addresses of environments."""

from django.urls import path

from portal.environments import acting, extending, looking, views

_ONE = "environments/<slug:application>/<slug:name>/"

urlpatterns = [
    path("environments/", views.environments, name="environments"),
    path(_ONE, views.environment, name="environment"),
    path(f"{_ONE}activity/", views.activity, name="environment_activity"),
    path(f"{_ONE}settings/", acting.settings_page, name="environment_settings"),
    path(f"{_ONE}unprotect/", acting.unprotect, name="environment_unprotect"),
    path(f"{_ONE}delete-data/", acting.delete_data, name="environment_delete_data"),
    path(f"{_ONE}delete-data-stack/", acting.delete_data_stack, name="environment_delete_data_stack"),
    path(f"{_ONE}extend/", extending.extend, name="environment_extend"),
    path(f"{_ONE}look-again/", looking.look_again, name="environment_look_again"),
    path(f"{_ONE}act/<slug:kind>/", acting.act, name="request_act"),
]
