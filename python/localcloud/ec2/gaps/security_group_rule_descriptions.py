"""A security group rule keeps its description, with an address range, another group or a prefix list.

moto: ``ec2/models/security_groups.py``, ``SecurityGroupRule.description`` is that of an address range. Other rules lose
their description, so Terraform plans to set it again and again.

AWS: DescribeSecurityGroupRules returns the description that was set last. The description is not part of a rule's
identity (Amazon EC2 API Reference, SecurityGroupRule; AuthorizeSecurityGroupIngress).
"""

from __future__ import annotations

import inspect
from typing import Any

from moto.ec2.models.security_groups import SecurityGroupBackend, SecurityGroupRule


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

    SecurityGroupRule.__init__ = __init__
    SecurityGroupRule.description = property(lambda self: self.ip_range.get("Description", self.described))
    SecurityGroupBackend.modify_security_group_rules = modify_security_group_rules
