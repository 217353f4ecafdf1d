"""The page of kits and training with what there is: without a ledger, with one, explained, and for others."""

import re

import pandas as pd
import pytest

from data.geography import open_geography
from data.ingest import import_frame
from data.keys import load_keys
from data.mapping import Mapping
from data.settings import Settings

PAGE = "pages/supply.py"
LEDGER = {
    "target": "kits",
    "source": "stores desk",
    "synthetic": True,
    "columns": {
        "kit_event_id": "No",
        "kit_token": "Kit",
        "base": "Base",
        "event": "Event",
        "event_on": "On",
        "expires_on": "Expires",
    },
}


def bring_in_ledger(settings: Settings) -> None:
    """Twenty kits at each of two bases, one of Barry's returned without an issue and one of Ely's expired."""
    rows = [
        (f"{base}{n}", f"{base}{n}", base, "issued", "01/02/2025", "01/06/2027" if n else "01/03/2026")
        for base in ("Barry", "Ely")
        for n in range(20)
    ]
    rows.append(("extra", "extra", "Barry", "returned", "01/03/2026", ""))
    import_frame(
        frame=pd.DataFrame(rows, columns=["No", "Kit", "Base", "Event", "On", "Expires"]),
        mapping=Mapping.model_validate(LEDGER),
        settings=settings,
        keys=load_keys(store_folder=settings.store_folder),
        geography=open_geography(settings),
    )


def shown(app) -> str:
    """Every text on the page."""
    return " ".join(str(element.value) for kind in ("title", "info", "header") for element in getattr(app, kind)) + (
        " ".join(str(element.proto.body) for element in app.get("html")).replace("\N{NO-BREAK SPACE}", " ")
    )


def test_without_a_ledger_and_a_register_the_page_says_what_is_missing(records, open_dashboard) -> None:
    records(number=30)
    app = open_dashboard(PAGE)
    assert not app.exception
    said = shown(app)
    assert "No kit ledger has been imported" in said
    assert "it is about “Carriers”" in said
    assert "Kits for the next quarter" in said
    assert "Will be used" in said
    # What nobody has counted is no nought, and a year without records no year without a use.
    assert re.search(r"Expire in the quarter</td><td[^>]*>(<span>)?not known", said)
    assert " occasions in 365 days" in said
    assert " 0 occasions in" not in said


def test_a_difference_can_be_explained_and_that_taken_back(settings, records, open_dashboard) -> None:
    records(number=30)
    bring_in_ledger(settings)
    app = open_dashboard(PAGE)
    assert not app.exception
    assert "Barry: 1 kit more was accounted for than issued" in shown(app)
    assert "returned, but never issued" in shown(app)
    assert "1 March 2026" in shown(app)
    app.text_area[0].set_value("Came from a neighbouring force")
    app.button[0].click().run()
    assert not app.exception
    assert "Came from a neighbouring force (" in shown(app)
    app.button[0].click().run()
    assert not app.exception
    assert "Came from a neighbouring force (" not in shown(app)


def test_an_explanation_without_a_reason_is_refused(settings, records, open_dashboard) -> None:
    records(number=30)
    bring_in_ledger(settings)
    app = open_dashboard(PAGE)
    app.button[0].click().run()
    assert "Say in up to 500 characters" in app.error[0].value


@pytest.mark.parametrize("audience", ["partner", "meeting"])
def test_others_cannot_explain_and_see_no_base_with_a_small_count(settings, records, open_dashboard, audience) -> None:
    records(number=30)
    bring_in_ledger(settings)
    app = open_dashboard(PAGE, audience=audience)
    assert not app.exception
    assert len(app.text_area) == 0
    assert "Barry: 1 kit" not in shown(app)
    assert "returned, but never issued" not in shown(app)
