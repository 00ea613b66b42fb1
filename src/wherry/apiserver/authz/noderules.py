"""What every node may do besides what follows from its pods: the rules of `system:node`, as the table has them."""

from __future__ import annotations

from wherry.apiserver.authz.policy import cluster_roles
from wherry.apiserver.authz.rules import parse_rules

NODE_RULES = parse_rules(next(role.rules for role in cluster_roles() if role.name == "system:node"))
