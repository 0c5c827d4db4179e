"""A rule of a security group keeps its description, whatever it names: addresses, another group or a prefix list.

moto: ``ec2/models/security_groups.py``, ``SecurityGroupRule.description`` is that of a range of addresses; other rules
lose theirs, which Terraform plans to set for ever.

AWS: DescribeSecurityGroupRules answers with the description that a rule was made or modified with, which does not
tell two rules apart (Amazon EC2 API Reference, SecurityGroupRule; AuthorizeSecurityGroupIngress).
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
        if source_group:  # it is compared as a whole
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
