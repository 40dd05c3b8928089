"""What a browser sends from the request form, and what a person reads in the answer."""

import re
import uuid
from collections.abc import Callable
from html import unescape
from typing import Any, Protocol

from django.test import Client

from portal.accounts.models import User

ClientOf = Callable[[User], Client]
FORM = "/request/hello-erlang/"
HTMX = {"HX-Request": "true"}


class Answer(Protocol):
    """What the test client gives back, as far as it is read here."""

    @property
    def content(self) -> Any:
        """The bytes of the page."""


def sent(network: dict[str, str], **over: object) -> dict[str, object]:
    """What a browser sends when nothing but the network was chosen."""
    values = {
        "key": str(uuid.uuid4()),
        "stage": "dev",
        "name": "dev-alice",
        "reason": "Trying it out",
        "compute.InstanceType": "t3.micro",
        "compute.ImageId": "ami-0abc",
        "compute.KeyName": "demo-key",
        "compute.VolumeSize": "8",
        "compute.VpcId": network["vpc"],
        "compute.SubnetIds": [network["a"], network["b"]],
        "compute.AllowedCidr": "0.0.0.0/0",
        "compute.SshCidr": "",
        "compute.ApplicationPort": "8080",
        "compute.HealthCheckPath": "/echo",
        "data.BillingMode": "PAY_PER_REQUEST",
        "data.ReadCapacity": "5",
        "data.WriteCapacity": "5",
        "data.DeletionProtection": "false",
        "data.PointInTimeRecovery": "false",
        "data.Alarms": "false",
    }
    return {**values, **over}


def text(response: Answer) -> str:
    """The words of a page, as people read them."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", response.content.decode())))


def value(html: str, name: str) -> str:
    """The value of an input."""
    found = re.search(rf'<input[^>]*name="{re.escape(name)}"[^>]*>', html)
    assert found, name
    inside = re.search(r'value="([^"]*)"', found.group(0))
    return unescape(inside.group(1)) if inside else ""


def chosen(html: str, name: str) -> list[str]:
    """What is selected in a select, or ticked in checkboxes."""
    select = re.search(rf'<select name="{re.escape(name)}".*?</select>', html, re.DOTALL)
    if select:
        return re.findall(r'<option value="([^"]*)" selected', select.group(0))
    return re.findall(rf'name="{re.escape(name)}" value="([^"]*)"[^>]*checked', html)
