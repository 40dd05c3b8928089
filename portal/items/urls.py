"""Addresses of one item, of a new one, and of what was written."""

from django.urls import path

from portal.items import changing, making, undoing, views

_TABLE = "environments/<slug:application>/<slug:name>/tables/<str:table>/"
_ONE = f"{_TABLE}item/<str:token>/"

urlpatterns = [
    path(_ONE, views.item, name="table_item"),
    path(f"{_ONE}reveal/", views.reveal, name="table_item_reveal"),
    path(f"{_ONE}edit/", changing.edit, name="table_item_edit"),
    path(f"{_ONE}copy/", making.copy, name="table_item_copy"),
    path(f"{_ONE}delete/", changing.delete, name="table_item_delete"),
    path(f"{_TABLE}new/", making.new, name="item_new"),
    path(f"{_TABLE}writes/", undoing.writes, name="table_writes"),
    path(f"{_TABLE}writes/<int:write>/undo/", undoing.undo, name="table_write_undo"),
]
