"""The address that makes a change of writes of items."""

from django.urls import path

from portal.item_changes import views

urlpatterns = [
    path(
        "environments/<slug:application>/<slug:name>/tables/<str:table>/ask/",
        views.ask,
        name="table_ask",
    ),
]
