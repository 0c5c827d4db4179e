"""A security group rule keeps its description, with an address range, another group or a prefix list.

moto: ``ec2/models/security_groups.py``, ``SecurityGroupRule.description`` is that of an address range. Other rules lose
their description, so Terraform plans to set it again and again.

AWS: DescribeSecurityGroupRules returns the description that was set last. The description is not part of a rule's
identity (Amazon EC2 API Reference, SecurityGroupRule; AuthorizeSecurityGroupIngress).
"""

from __future__ import annotations

from typing import Any

from moto.ec2.models.security_groups import SecurityGroupBackend, SecurityGroupRule


def apply() -> None:
    make, modify = SecurityGroupRule.__init__, SecurityGroupBackend.modify_security_group_rules

    def __init__(
        self: SecurityGroupRule,
        ec2_backend: Any,
        ip_protocol: str,
        group_id: str,
        from_port: str | None,
        to_port: str | None,
        ip_range: dict[str, str] | None,
        source_group: dict[str, str] | None = None,
        prefix_list_id: dict[str, str] | None = None,
        is_egress: bool = True,
        tags: dict[str, str] | None = None,
    ) -> None:
        self.described = (source_group or prefix_list_id or {}).get("Description")
        if source_group:  # moto compares the whole dict to find a rule
            source_group = {field: value for field, value in source_group.items() if field != "Description"}
        make(
            self, ec2_backend, ip_protocol, group_id, from_port, to_port, ip_range, source_group, prefix_list_id,
            is_egress, tags,
        )  # fmt: skip

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
