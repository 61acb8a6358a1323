"""What a settings file or a catalogue should have held where pydantic found something else, as a term.

pydantic says it in English. Its codes and their values are known, so the catalogue has words for those that our
models can raise; what a later version adds is quoted as pydantic says it.
"""

from collections.abc import Mapping
from types import MappingProxyType

from pydantic_core import ErrorDetails

from config.errors import Term

_TERMS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "bool_parsing": ("value.boolean", ""),
        "bool_type": ("value.boolean", ""),
        "float_parsing": ("value.number", ""),
        "float_type": ("value.number", ""),
        "int_from_float": ("value.integer", ""),
        "int_parsing": ("value.integer", ""),
        "int_type": ("value.integer", ""),
        "dict_type": ("value.table", ""),
        "model_type": ("value.table", ""),
        "list_type": ("value.list", ""),
        "tuple_type": ("value.list", ""),
        "string_type": ("value.text", ""),
        "missing": ("value.something", ""),
        "extra_forbidden": ("value.nothing", ""),
        "web_address": ("value.web_address", ""),
        "day": ("value.day", ""),
        "host_name": ("value.host_name", ""),
        "mail_address": ("value.mail_address", ""),
        "rule_of_counsel": ("value.rule_of_counsel", ""),
        "country_code": ("value.country_code", ""),
        "server_address": ("value.server_address", ""),
        "site_address": ("value.site_address", ""),
        "ip_address": ("value.ip_address", ""),
        "ip_network": ("value.ip_network", ""),
        "greater_than": ("value.more", "gt"),
        "less_than": ("value.less", "lt"),
        "greater_than_equal": ("value.at_least", "ge"),
        "less_than_equal": ("value.at_most", "le"),
        "string_too_short": ("value.longer", "min_length"),
        "too_short": ("value.longer", "min_length"),
        "string_too_long": ("value.shorter", "max_length"),
        "literal_error": ("value.one_of", "expected"),
        "string_pattern_mismatch": ("value.of_form", "pattern"),
    }
)
"""By pydantic's code: ours, and which of pydantic's values it needs."""


def wanted(details: ErrorDetails) -> Term:
    """What a settings file or a catalogue should have held where pydantic found something else."""
    code, value = _TERMS.get(details["type"], ("value.other", ""))
    if code == "value.other":
        return Term(code, system=details["msg"])
    return Term(code, limit=details["ctx"][value]) if value else Term(code)
