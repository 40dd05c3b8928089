"""The order of a request form: a blueprint's parameter groups, with what its templates say about each parameter."""

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


def layout_of(blueprint: Blueprint, kinds: Collection[str], leaves: Collection[str] = ()) -> Layout:
    """The settings of these stacks, in the blueprint's groups. Parameters that Stackyard fills are in none, and neither
    are those of these keys."""
    needed = {kind: _needed(blueprint, kind) for kind in kinds}
    groups = (
        SettingGroup(
            group.title,
            tuple(
                _setting(blueprint, said, needed)
                for said in group.parameters
                if said.stack in kinds and f"{said.stack}.{said.name}" not in leaves
            ),
        )
        for group in blueprint.groups
    )
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
        label=_label(said),
        help=said.help,
        unit=said.unit,
        choices_from=said.choices_from or _LIVE_TYPES.get(parameter.type.removeprefix("List<").removesuffix(">"), ""),
        advanced=said.advanced,
        required=said.name in needed[said.stack] and not keeps_default,
    )


def _label(said: ParameterHelp) -> str:
    """The blueprint's label; a parameter it has no words for is called by its name, taken apart."""
    if said.label != said.name:
        return said.label
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", said.name)
    return words[:1] + words[1:].lower()
