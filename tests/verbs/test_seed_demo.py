"""`manage.py seed_demo`: what a fresh Stackyard needs; people and a network only in front of an emulator."""

from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from moto import mock_aws

from portal.accounts.demo import PASSWORD, PEOPLE
from portal.accounts.models import User
from provisioning.aws import network
from provisioning.aws.clients import clients_for
from provisioning.engine.accounts import target
from provisioning.models import Account

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def fresh_clients() -> Iterator[None]:
    """Clients are kept for a process; those of one test must not serve the next."""
    clients_for.cache_clear()
    yield
    clients_for.cache_clear()


def seed() -> str:
    """Run the command; what it says."""
    said = StringIO()
    call_command("seed_demo", stdout=said)
    return said.getvalue()


def test_in_front_of_real_aws_nobody_is_made_up(settings: Any) -> None:
    settings.AWS_ENDPOINT_URL = ""
    assert "on an emulator only" in seed()
    assert set(Group.objects.values_list("name", flat=True)) == {"engineers", "admins", "auditors"}
    assert Account.objects.get().region == settings.AWS_REGION
    assert not User.objects.exists()


def test_on_an_emulator_there_are_people_and_a_network(settings: Any) -> None:
    settings.AWS_ENDPOINT_URL = "http://emulator.example.org"  # moto answers in process; nothing is called there
    with mock_aws():
        assert "5 demo people" in seed()
        aws = clients_for(target(Account.objects.get()))
        vpcs = [vpc for vpc in network.list_vpcs(aws) if vpc.name == "stackyard-demo"]
        assert len(vpcs) == 1
        assert len(network.list_subnets(aws, vpcs[0].vpc_id)) == 2
        assert len({subnet.az for subnet in network.list_subnets(aws, vpcs[0].vpc_id)}) == 2
        assert [pair.name for pair in network.list_key_pairs(aws)] == ["demo-key"]
        for known in PEOPLE:
            user = User.objects.get(username=known.username)
            assert user.check_password(PASSWORD)
            assert [group.name for group in user.groups.all()] == [known.group]
            assert not user.is_superuser


def test_again_it_makes_nothing_and_resets_nothing(settings: Any) -> None:
    settings.AWS_ENDPOINT_URL = "http://emulator.example.org"
    with mock_aws():
        seed()
        alice = User.objects.get(username="alice")
        alice.set_password("her own")
        alice.save()
        seed()
        aws = clients_for(target(Account.objects.get()))
        assert len([vpc for vpc in network.list_vpcs(aws) if vpc.name == "stackyard-demo"]) == 1
        assert User.objects.count() == len(PEOPLE)
        assert User.objects.get(username="alice").check_password("her own")


def test_an_emulator_that_is_away_is_a_sentence(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = "http://127.0.0.1:9"
    settings.AWS_ENDPOINT_URL = closed
    monkeypatch.setenv("AWS_ENDPOINT_URL", closed)
    with pytest.raises(CommandError) as caught:
        seed()
    assert str(caught.value).endswith(".")
    assert "Traceback" not in str(caught.value)
