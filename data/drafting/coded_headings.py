"""Headings that say what their own codes mean: "Sex (1=M, 2=F)"."""

import re

from data.values import plain_value

__all__ = ["codes_of", "without_codes"]

_CODE = re.compile(r"(?<!\w)(\w{1,3})\s*=\s*([^\W_](?:(?!\s+\w{1,3}\s*=)[^,;|/=()\[\]])*)")
# All from the first code on, with the bracket or dash before it.
_CODES = re.compile(r"\s*[(\[:-]*\s*(?<!\w)\w{1,3}\s*=.*$", re.DOTALL)
_FEWEST = 2


def codes_of(heading: str) -> dict[str, str]:
    """Each code in plain form, and the word that it stands for; nothing where a heading explains fewer than two."""
    found = {plain_value(code): word.strip() for code, word in _CODE.findall(heading)}
    return found if len(found) >= _FEWEST else {}


def without_codes(heading: str) -> str:
    """The heading alone, where it explains its codes."""
    return (_CODES.sub("", heading) if codes_of(heading) else heading) or heading
