"""Secrets: on no page before somebody reveals one version, which is an act with a reason that the audit keeps."""

import itertools
from datetime import timedelta
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from portal.accounts.models import User
from portal.flags.showing import belongs, shown
from portal.pages import PAGES
from provisioning.blueprints.model import FLAG_TYPES, Flag
from provisioning.flags.rules import TYPES
from provisioning.lifecycle import ChangeStatus
from provisioning.models import AuditEntry, Change, Environment, Parameter, ParameterVersion

from .scene import APPLICATION, CANARY, FLAG, ClientOf, Flags, address, parameter, version, words, worked

NAME, NEWER, TYPED = "/fileshare/dev/token", f"{CANARY}-newer", f"{CANARY}-typed"


@pytest.fixture
def token(shared: Environment, ssm: Any) -> Parameter:
    """A secret at version 2, in Parameter Store and in our rows."""
    ssm.put_parameter(Name=NAME, Value=CANARY, Type="SecureString")
    ssm.put_parameter(Name=NAME, Value=NEWER, Type="SecureString", Overwrite=True)
    row = parameter(shared, "token", NEWER, type="SecureString", version=2)
    version(row, 1, CANARY, ago=60)
    return row


def version_id(row: Parameter, number: int) -> str:
    """The id of a version's row, as text."""
    return str(ParameterVersion.objects.get(parameter=row, version=number).pk)


def patterns(resolver: URLResolver) -> Any:
    """Every address there is."""
    for one in resolver.url_patterns:
        yield from patterns(one) if isinstance(one, URLResolver) else [one]


def test_flags_pitfall_19_no_page_has_a_secret_in_its_source(
    flags: Flags, shared: Environment, token: Parameter, client_of: ClientOf, ada: User
) -> None:
    """A secret is set through the front door, and every page of the portal is read by an engineer and an admin."""
    Parameter.objects.update(live_value=token.value, live_version=1, live_on=1, live_of=2, live_at=timezone.now())
    ParameterVersion.objects.update(at=timezone.now() - timedelta(hours=1))
    assert flags.post(shared, key="token", value=TYPED, expected="2", redeploy="no").status_code == 302
    change = worked(Change.objects.get())
    assert change.status == ChangeStatus.SUCCEEDED, change.problem
    known = {
        "application": APPLICATION,
        "name": "dev",
        "key": "token",
        "version": int(version_id(token, 1)),
        "change_id": change.pk,
        "number": 1,
        "format": "dotenv",
    }
    named: dict[str, URLPattern] = {one.name: one for one in patterns(get_resolver()) if one.name}
    walked = 0
    for name in itertools.chain.from_iterable(page.names for page in PAGES):
        parts = named[name].pattern.converters
        if set(parts) <= set(known):
            url = reverse(name, kwargs={part: known[part] for part in parts})
            for client in (flags.client, client_of(ada)):
                for headers in ({}, {"HX-Request": "true"}):
                    assert CANARY not in client.get(url, headers=headers).content.decode(), url
            walked += 1
    assert walked > 40
    first, last = version_id(token, 1), version_id(token, 3)
    for page in (
        flags.matrix(view="differs"),
        flags.page(shared, "token", "parameter_history", before=first, after=last),
        flags.page(shared, "token", "parameter_restore", version=first),
        flags.text(flags.client.get(reverse("search"), {"q": "token"})),
    ):
        assert CANARY not in page
    assert CANARY not in "".join(str(one.detail) + one.summary for one in AuditEntry.objects.all())


def test_a_secret_that_was_typed_is_not_sent_back(flags: Flags, shared: Environment, token: Parameter) -> None:
    for data in ({"expected": "1"}, {"expected": "2", "value": NEWER}, {"expected": "2", "start_at": "never"}):
        answer = flags.post(shared, key="token", **{"value": TYPED, **data})
        assert CANARY not in answer.content.decode()
    new = {"name": "a b", "value": TYPED}
    answer = flags.client.post(f"{address(shared, 'parameter_new')}?type=SecureString", new)
    assert answer.status_code == 400
    assert CANARY not in answer.content.decode()


class TestRevealing:
    """One version, once, for a reason."""

    def test_flags_pitfall_19_a_version_is_revealed_once_and_recorded(
        self, flags: Flags, shared: Environment, token: Parameter, alice: User
    ) -> None:
        answer = flags.post(shared, "parameter_reveal", "token", version=version_id(token, 1), reason="Rotating it")
        assert answer.status_code == 200
        page = answer.content.decode()
        assert f'data-hides="30">{CANARY}</pre>' in page
        assert NEWER not in page
        assert "no-store" in answer["Cache-Control"]
        entry = AuditEntry.objects.get(verb="reveal_parameter")
        assert (entry.by, entry.reason, entry.environment) == (alice, "Rotating it", shared)
        assert entry.detail["version"] == 1
        assert CANARY not in str(entry.detail)
        assert CANARY not in flags.page(shared, "token")

    def test_it_takes_a_reason_and_a_post(self, flags: Flags, shared: Environment, token: Parameter) -> None:
        which = version_id(token, 2)
        refused = flags.post(shared, "parameter_reveal", "token", version=which, reason=" no ")
        assert refused.status_code == 400
        assert "Say why, in 5 characters or more" in words(refused.content.decode())
        assert CANARY not in refused.content.decode()
        assert flags.client.get(address(shared, "parameter_reveal", key="token", version=int(which))).status_code == 405
        assert not AuditEntry.objects.filter(verb="reveal_parameter").exists()

    def test_who_may(self, shared: Environment, token: Parameter, client_of: ClientOf, audrey: User, bob: User) -> None:
        which = version_id(token, 2)
        auditor = Flags(client_of(audrey))
        assert auditor.post(shared, "parameter_reveal", "token", version=which, reason="Curious").status_code == 403
        assert "Reveal" not in words(auditor.page(shared, "token", "parameter_history"))
        Environment.objects.filter(pk=shared.pk).update(name="dev-alice")
        shared.refresh_from_db()
        Parameter.objects.update(name="/fileshare/dev-alice/token")
        other = Flags(client_of(bob))
        assert other.post(shared, "parameter_reveal", "token", version=which, reason="Curious").status_code == 403
        assert not AuditEntry.objects.filter(verb="reveal_parameter").exists()

    def test_a_version_of_another_parameter_is_none_of_this(
        self, flags: Flags, shared: Environment, token: Parameter
    ) -> None:
        other = ParameterVersion.objects.get(parameter__key=FLAG)
        answer = flags.post(shared, "parameter_reveal", "token", version=str(other.pk), reason="Rotating it")
        assert answer.status_code == 404

    def test_flags_pitfall_11_a_version_that_aws_forgot_comes_from_our_own_table(
        self, flags: Flags, shared: Environment, token: Parameter, ssm: Any
    ) -> None:
        ssm.delete_parameter(Name=NAME)
        ssm.put_parameter(Name=NAME, Value="another life", Type="SecureString")
        token.generation, token.version = 2, 1
        token.save()
        answer = flags.post(shared, "parameter_reveal", "token", version=version_id(token, 1), reason="Rotating it")
        assert CANARY in answer.content.decode()
        assert "another life" not in answer.content.decode()

    def test_what_is_declared_a_secret_and_stored_as_plain_text_is_hidden_and_revealed(
        self, flags: Flags, gallery: Environment, ssm: Any
    ) -> None:
        ssm.put_parameter(Name=f"/{gallery.application}/dev/api_token", Value=CANARY, Type="String")
        row = parameter(gallery, "api_token", CANARY)
        history = flags.page(gallery, "api_token", "parameter_history")
        assert CANARY not in history
        assert "Reveal" in words(history)
        which = version_id(row, 1)
        answer = flags.post(gallery, "parameter_reveal", "api_token", version=which, reason="Rotating it")
        assert f'data-hides="30">{CANARY}</pre>' in flags.text(answer)
        assert AuditEntry.objects.get(verb="reveal_parameter").reason == "Rotating it"

    def test_what_is_no_secret_is_not_revealed(self, flags: Flags, shared: Environment) -> None:
        which = str(ParameterVersion.objects.get(parameter__key=FLAG).pk)
        answer = flags.post(shared, "parameter_reveal", version=which, reason="Rotating it")
        assert answer.status_code == 400
        assert "is no secret: its value is shown as it is" in words(answer.content.decode())

    def test_a_version_that_nobody_kept_is_not_to_be_had(
        self, flags: Flags, shared: Environment, token: Parameter
    ) -> None:
        lost = version(token, 77, "", ago=90)
        answer = flags.post(shared, "parameter_reveal", "token", version=str(lost.pk), reason="Rotating it")
        assert answer.status_code == 400
        assert "v77 of token is not to be had any more" in words(answer.content.decode())


_PARTS = st.lists(st.text(st.characters(codec="utf-8"), min_size=1, max_size=6), min_size=1, max_size=4)


@given(
    path=_PARTS, name=_PARTS, kind=st.sampled_from(TYPES), declared=st.sampled_from(("", *FLAG_TYPES)), value=st.text()
)
def test_flags_pitfall_02_what_was_fetched_is_filtered_name_by_name(
    path: list[str], name: list[str], kind: str, declared: str, value: str
) -> None:
    """Whatever AWS lets be read below a path: another path's name is never shown, and no secret's value is."""
    own, full = f"/{'/'.join(path)}/", f"/{'/'.join(name)}"
    assert belongs(own, full) is (full[: len(own)] == own and full != own)
    assert not belongs(own, own.rstrip("/"))
    flag = Flag("key", "", declared, "", "nothing", ("a",)) if declared else None
    look = shown(kind, value, flag)
    if kind == "SecureString" or declared == "secret":
        assert (look.text, look.short, look.plain, look.wrong) == ("hidden", "hidden", "hidden", "")
    else:
        assert look.text == value


def test_a_path_is_no_prefix_of_another_environments() -> None:
    assert not belongs("/fileshare/dev/", "/fileshare/dev-alice/token")
    assert not belongs("", "/anything")
