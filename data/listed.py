"""Texts with a list that a nation or a deployment keeps: forces, ambulance categories, areas.

The schema does not list them, since another country has others. What is in no list may be anything that slipped into
the column, such as a name, so it is not stored unless the mapping names it under [values].
"""

import re
from collections.abc import Callable

from data.settings import Settings
from data.values import plain_value
from geo.areas import Geography
from geo.errors import UnknownForceError
from geo.police_forces import find_force

__all__ = ["ListedTexts"]

# England and Northern Ireland number theirs (NHS England, Ambulance Quality Indicators; NIAS clinical response model),
# Wales and Scotland name colours (Welsh Government, ambulance categories of 2015 and 2025; Scottish Ambulance Service,
# new clinical response model).
_COLOURS = ("Purple", "Red", "Amber", "Amber 1", "Amber 2", "Orange", "Yellow", "Green")
_NUMBERED = re.compile(r"(?:category|cat|c)_?([1-5])")


class ListedTexts:
    """The lists of one deployment; `finders` gives, by field, a text's listed form (None where it is in no list)."""

    def __init__(self, *, settings: Settings, geography: Geography) -> None:
        colours = {plain_value(each): each for each in _COLOURS}
        # A deployment's own standards name its own categories.
        self._categories = colours | {
            plain_value(each.category): each.category for each in settings.ambulance.standards
        }
        self._force = settings.force
        self._areas: dict[str, str] = {}
        for areas in (geography.places, geography.small_areas, geography.authorities, geography.bcus):
            for column in ("name", "code"):
                if column in areas:
                    self._areas |= {plain_value(str(each)): str(each) for each in areas[column]}
        self.finders: dict[str, Callable[[str], str | None]] = {
            "recording_force": self._find_force,
            "call_category_before": self._find_category,
            "call_category_after": self._find_category,
            "officer_area": lambda text: self._areas.get(plain_value(text)),
        }

    def _find_force(self, text: str) -> str | None:
        """A UK force by its name in the list, and the deployment's own by its name in the settings."""
        if plain_value(text) == plain_value(self._force):
            return self._force
        try:
            name = find_force(text).name
        except UnknownForceError:
            return None
        try:
            return self._force if find_force(self._force).name == name else name
        except UnknownForceError:
            return name

    def _find_category(self, text: str) -> str | None:
        plain = plain_value(text)
        numbered = _NUMBERED.fullmatch(plain)
        return f"Category {numbered[1]}" if numbered else self._categories.get(plain)
