"""The order of a request form: a blueprint's parameter groups, and whatever else its templates ask for."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from provisioning.blueprints.model import Blueprint, ParameterHelp
from provisioning.blueprints.shapes import TemplateParameter
from provisioning.blueprints.values import validate_values

OF_VPC = frozenset({"subnets", "security_groups"})
_LIVE_TYPES = {
    "AWS::EC2::VPC::Id": "vpc",
    "AWS::EC2::Subnet::Id": "subnets",
    "AWS::EC2::SecurityGroup::Id": "security_groups",
    "AWS::EC2::KeyPair::KeyName": "key_pair",
    "AWS::EC2::Image::Id": "image",
}


@dataclass(frozen=True)
class Setting:
    """One template parameter as a person meets it. `choices_from` is empty when nothing is read live."""

    stack: str
    parameter: TemplateParameter
    label: str
    help: str
    unit: str
    choices_from: str
    advanced: bool
    required: bool

    @property
    def key(self) -> str:
        """The name of its form field, and of its refusals: `compute.VpcId`."""
        return f"{self.stack}.{self.parameter.name}"


@dataclass(frozen=True)
class SettingGroup:
    """A titled part of the form."""

    title: str
    settings: tuple[Setting, ...]


@dataclass(frozen=True)
class Layout:
    """All settings of a form, in groups."""

    groups: tuple[SettingGroup, ...]

    @property
    def settings(self) -> tuple[Setting, ...]:
        """Every setting, in order."""
        return tuple(setting for group in self.groups for setting in group.settings)

    def setting(self, key: str) -> Setting | None:
        """The setting of that key."""
        return next((setting for setting in self.settings if setting.key == key), None)

    def vpc_of(self, stack: str) -> Setting | None:
        """The setting that chooses the VPC of a stack's subnets."""
        return next((one for one in self.settings if one.stack == stack and one.choices_from == "vpc"), None)

    def around(self, setting: Setting) -> "Layout":
        """A layout of this setting, after the VPC that its choices depend on."""
        vpc = self.vpc_of(setting.stack) if setting.choices_from in OF_VPC else None
        return Layout((SettingGroup("", tuple(one for one in (vpc, setting) if one is not None)),))


def layout_of(blueprint: Blueprint, kinds: Collection[str]) -> Layout:
    """The settings of these stacks: the blueprint's groups first, then the parameters that no group mentions.

    Parameters that Stackyard fills are absent.
    """
    needed = {kind: _needed(blueprint, kind) for kind in kinds}
    listed: set[tuple[str, str]] = set()
    groups = []
    for group in blueprint.groups:
        settings = tuple(_setting(blueprint, said, needed) for said in group.parameters if said.stack in kinds)
        listed |= {(said.stack, said.name) for said in group.parameters}
        groups.append(SettingGroup(group.title, settings))
    others = tuple(
        _setting(blueprint, _said_nothing(kind, parameter), needed)
        for kind in kinds
        for name, parameter in blueprint.stacks[kind].template.parameters.items()
        if name not in blueprint.stacks[kind].filled and (kind, name) not in listed
    )
    groups.append(SettingGroup("Other settings", others))
    return Layout(tuple(group for group in groups if group.settings))


def _needed(blueprint: Blueprint, kind: str) -> Mapping[str, str]:
    """What would be wrong with each parameter of a stack if it were left empty."""
    template = blueprint.stacks[kind].template
    return validate_values(template, dict.fromkeys(template.parameters, ""))


def _setting(blueprint: Blueprint, said: ParameterHelp, needed: Mapping[str, Mapping[str, str]]) -> Setting:
    parameter = blueprint.stacks[said.stack].template.parameters[said.name]
    keeps_default = parameter.no_echo and parameter.default is not None
    return Setting(
        stack=said.stack,
        parameter=parameter,
        label=said.label,
        help=said.help,
        unit=said.unit,
        choices_from=said.choices_from or _LIVE_TYPES.get(parameter.type.removeprefix("List<").removesuffix(">"), ""),
        advanced=said.advanced,
        required=said.name in needed[said.stack] and not keeps_default,
    )


def _said_nothing(kind: str, parameter: TemplateParameter) -> ParameterHelp:
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", parameter.name)
    return ParameterHelp(kind, parameter.name, words[:1] + words[1:].lower(), parameter.description)
