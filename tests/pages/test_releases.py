"""Views that others are shown, as they reach the screen: one is shown, one is held back, and both say what they are."""

from collections.abc import Callable

from streamlit.testing.v1 import AppTest

from tests.pages.test_pages import text_of

Open = Callable[..., AppTest]
Write = Callable[..., str]
HEAT_MAP = "pages/heat_map.py"


def test_a_view_that_tells_of_a_few_is_held_back_and_the_default_stays(records: Write, open_dashboard: Open) -> None:
    records(number=130)
    assert not open_dashboard(audience="partner").error
    # Two quarters fewer leave quarters alone, but the areas differ by a few.
    told = open_dashboard(HEAT_MAP, audience="partner", **{"from": "2024-10-01", "to": "2026-06-30"})
    assert "fewer than 5 administrations by subtraction" in told.error[0].value
    assert "the whole force without filters, shown on" in told.error[0].value
    assert told.title[0].value == "Heat map"
    assert not open_dashboard(HEAT_MAP, audience="partner").error
    assert not open_dashboard(HEAT_MAP, **{"from": "2024-10-01", "to": "2026-06-30"}).error


def test_others_count_without_the_few_that_have_no_place(records: Write, open_dashboard: Open) -> None:
    records(number=150, without_place=3)
    analyst, partner = open_dashboard(), open_dashboard(audience="partner")
    assert "150 police naloxone administrations" in text_of(analyst)
    assert "147 police naloxone administrations" in text_of(partner)
    captions = " ".join(each.value for each in partner.sidebar.caption)
    assert "The few administrations without a place are left out" in captions


def test_the_days_of_records_are_not_offered_to_others(records: Write, open_dashboard: Open) -> None:
    records(number=120)
    partner = open_dashboard(HEAT_MAP, audience="partner")
    assert [day.isoformat() for day in partner.date_input(key="period").value] == ["2024-07-01", "2026-06-30"]
    assert [str(box.key) for box in partner.selectbox if box.key == "level" and len(box.options) > 1] == []
