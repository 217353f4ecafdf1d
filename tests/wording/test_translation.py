"""Every sentence can be translated: translators get all of them, and a catalogue is all that a language needs."""

from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from wording import _, ngettext, set_language, translation

ROOT = Path(__file__).parents[2]


def extracted() -> set[str]:
    found = set()
    for folder in ("analytics", "data", "geo", "pages", "wording"):
        for _file, _line, message, _comments, _context in extract_from_dir(str(ROOT / folder)):
            found.add(message if isinstance(message, str) else message[0])
    return found


def test_translators_get_every_sentence() -> None:
    with (ROOT / "locale" / "naloxone_watch.pot").open("rb") as template:
        offered = {item.id if isinstance(item.id, str) else item.id[0] for item in read_po(template) if item.id}
    assert sorted(extracted() - offered) == [], "run `make messages`"


@pytest.fixture
def a_language(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    catalogue = Catalog(locale="cy_GB")
    catalogue.add("Heat map", "[Heat map]")
    catalogue.add(("{count} row", "{count} rows"), tuple(f"[form {form} of {{count}}]" for form in range(5)))
    folder = tmp_path / "cy_GB" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    with (folder / "naloxone_watch.mo").open("wb") as file:
        write_mo(file, catalogue)
    monkeypatch.setattr(translation, "LOCALE_FOLDER", tmp_path)
    set_language("cy_GB")
    yield
    set_language("en_GB")


@pytest.mark.usefixtures("a_language")
def test_a_catalogue_is_all_that_a_language_needs() -> None:
    assert _("Heat map") == "[Heat map]"
    assert _("No catalogue has this") == "No catalogue has this"
    # Welsh counts one, two, three and six apart; the catalogue's own rule chooses.
    forms = {ngettext("{count} row", "{count} rows", number) for number in (0, 1, 2, 3, 6, 10)}
    assert len(forms) == 5
