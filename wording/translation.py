"""gettext with a language chosen by the deployment, English where a catalogue lacks a sentence."""

import gettext
from dataclasses import dataclass
from pathlib import Path

__all__ = ["LOCALE_FOLDER", "_", "current_language", "ngettext", "set_language"]

LOCALE_FOLDER = Path(__file__).parents[1] / "locale"
DOMAIN = "naloxone_watch"


@dataclass
class _Language:
    code: str
    catalogue: gettext.NullTranslations


_language = _Language(code="en_GB", catalogue=gettext.NullTranslations())


def set_language(code: str) -> None:
    """Use the catalogue of the language `code` (such as "cy_GB") from now on; sentences it lacks stay English."""
    _language.code = code
    _language.catalogue = gettext.translation(DOMAIN, LOCALE_FOLDER, languages=[code], fallback=True)


def current_language() -> str:
    """The language in use, which also decides how numbers and dates are written."""
    return _language.code


def _(sentence: str) -> str:
    """The sentence in the deployment's language."""
    return _language.catalogue.gettext(sentence)


def ngettext(singular: str, plural: str, number: int) -> str:
    """The form of a sentence that fits `number`, in the deployment's language."""
    return _language.catalogue.ngettext(singular, plural, number)
