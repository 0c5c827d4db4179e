"""A security group rule keeps its description, with an address range, another group or a prefix list.

moto: ``ec2/models/security_groups.py``, ``SecurityGroupRule.description`` is that of an address range. Other rules lose
their description, so Terraform plans to set it again and again. ``ec2/responses/security_groups.py``,
``modify_security_group_rules`` fails for an update without a rule.

AWS: DescribeSecurityGroupRules returns the description that was set last. The description is not part of a rule's
identity (Amazon EC2 API Reference, SecurityGroupRule; AuthorizeSecurityGroupIngress). What is missing is a
MissingParameter (there, "Error codes").
"""

from __future__ import annotations

import inspect
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import MissingParameterError
from moto.ec2.models.security_groups import SecurityGroupBackend, SecurityGroupRule
from moto.ec2.responses.security_groups import SecurityGroups


def apply() -> None:
    make, modify = SecurityGroupRule.__init__, SecurityGroupBackend.modify_security_group_rules
    order = inspect.signature(make)

    def __init__(self: SecurityGroupRule, *args: Any, **kwargs: Any) -> None:
        given = order.bind(self, *args, **kwargs)
        source_group, prefix_list = given.arguments.get("source_group"), given.arguments.get("prefix_list_id")
        self.described = (source_group or prefix_list or {}).get("Description")
        if source_group:  # moto compares the whole dict to find a rule
            plain = {field: value for field, value in source_group.items() if field != "Description"}
            given.arguments["source_group"] = plain
        make(*given.args, **given.kwargs)

    def modify_security_group_rules(
        self: SecurityGroupBackend, group_id: str, rules: dict[str, dict[str, Any]]
    ) -> None:
        modify(self, group_id, rules)
        group = self.get_security_group_by_name_or_id(group_id)
        for rule_id, rule in rules.items():
            group.get_rule(rule_id).described = rule.get("Description")

    answer = SecurityGroups.modify_security_group_rules

    def checked(self: SecurityGroups) -> ActionResult:
        if any("SecurityGroupRule" not in one for one in self._get_param("SecurityGroupRules", [])):
            raise MissingParameterError("SecurityGroupRule")
        return answer(self)

    SecurityGroups.modify_security_group_rules = checked
    SecurityGroupRule.__init__ = __init__
    SecurityGroupRule.description = property(lambda self: self.ip_range.get("Description", self.described))
    SecurityGroupBackend.modify_security_group_rules = modify_security_group_rules
