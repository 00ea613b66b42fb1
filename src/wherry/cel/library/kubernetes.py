"""Everything that the rules of custom resources and admission policies may use in Kubernetes 1.37.

A server of 1.37 takes into new rules what 1.36 understands too, so that it can be rolled back: hence no `includes` on
lists yet. `authorizer` belongs to admission.
"""

from __future__ import annotations

from wherry.cel.checked import Checked
from wherry.cel.comprehensions import TWO_VARIABLES
from wherry.cel.folding import Constants
from wherry.cel.functions import Library
from wherry.cel.library.cidr import CIDR_LIBRARY
from wherry.cel.library.formats import FORMAT_LIBRARY
from wherry.cel.library.ip import IP_LIBRARY
from wherry.cel.library.kubelists import LISTS
from wherry.cel.library.lists import LISTS_EXTENSION
from wherry.cel.library.quantity import QUANTITY_LIBRARY
from wherry.cel.library.regexes import REGEX, faulty_pattern
from wherry.cel.library.semver import SEMVER_LIBRARY
from wherry.cel.library.sets import SETS
from wherry.cel.library.strings import STRINGS
from wherry.cel.library.urls import URLS
from wherry.cel.optionals import OPTIONALS

KUBERNETES: tuple[Library, ...] = (
    URLS,
    REGEX,
    LISTS,
    OPTIONALS,
    QUANTITY_LIBRARY,
    STRINGS,
    SETS,
    IP_LIBRARY,
    CIDR_LIBRARY,
    FORMAT_LIBRARY,
    TWO_VARIABLES,
    SEMVER_LIBRARY,
    LISTS_EXTENSION,
)


def instantiation_fault(checked: Checked) -> str | None:
    """Why there is no program for an expression that compiles: a conversion or a pattern, both of literals, that fails.

    Upstream says `program instantiation failed: ` and this.
    """
    fault = Constants(checked).fault
    return faulty_pattern(checked) if fault is None else str(fault)
