"""What-if, saved plans and carriers near a point, on the synthetic force."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from analytics.coverage import Progress
from analytics.disclosure import DisclosureError
from analytics.findings.carrier_plan import (
    Action,
    PlanChoice,
    PlanSites,
    find_best_plan,
    find_plan_effect,
    find_plan_sites,
    origin_names,
    site_names,
)
from analytics.findings.carriers_near import Near, PointUnknownError, find_carriers_near, find_point
from analytics.findings.question import Question
from analytics.findings.reach_now import ReachNow, find_reach_now
from analytics.findings.saved_plans import PlanNameError, open_plan, read_plans, save_plan
from data.journal import Journal
from tests.conftest import KEYS

Ask = Callable[..., Question]


@pytest.fixture(scope="module")
def now(ask: Ask) -> ReachNow:
    return find_reach_now(ask(), layer=None)


@pytest.fixture(scope="module")
def sites(ask: Ask, now: ReachNow) -> PlanSites:
    return find_plan_sites(ask(), now=now)


@pytest.fixture
def own_folder(ask: Ask, tmp_path: Path) -> Question:
    """The question with a journal of this test's own."""
    question = ask()
    store = question.settings.store.model_copy(update={"folder": tmp_path})
    return replace(question, settings=question.settings.model_copy(update={"store": store}))


def gain(cell: str) -> float:
    return float(cell.split(" (")[0].replace(",", ""))


@pytest.mark.parametrize(
    "choice",
    [
        PlanChoice(action=Action.ADD, number=6, sites=("Barry", "Gorseinon")),
        PlanChoice(action=Action.MOVE, number=6, sites=("Barry",), origin="Bay"),
        PlanChoice(action=Action.READY, number=6, sites=("Barry", "Merthyr Tydfil")),
        PlanChoice(action=Action.CARS, number=2, sites=("Barry", "Cowbridge")),
    ],
    ids=lambda choice: str(choice.action),
)
def test_the_best_is_no_worse_than_the_choice_and_both_stand_beside_now(
    choice: PlanChoice, ask: Ask, now: ReachNow, sites: PlanSites
) -> None:
    best = find_best_plan(now, sites, choice)
    assert best.gap < 0.01
    assert len(best.sites) == choice.number
    effect = find_plan_effect(ask(), now=now, sites=sites, choice=choice, best=best)
    labels = [row[0] for row in effect.table.rows]
    assert labels == ["Now", "Your choice", "The best found"]
    chosen, found = (gain(row[3]) for row in effect.table.rows[1:])
    assert found >= chosen > 0
    assert all("(" in row[2] for row in effect.table.rows)
    assert effect.sentence.startswith("Your choice: ")
    assert effect.assumption


def test_a_gain_inside_the_noise_is_called_so(ask: Ask, now: ReachNow, sites: PlanSites) -> None:
    choice = PlanChoice(action=Action.ADD, number=1, sites=("Cardiff Centre",))
    effect = find_plan_effect(ask(), now=now, sites=sites, choice=choice, best=None)
    assert "is inside the noise: 0 expected events" in effect.sentence
    assert effect.table.rows[1][4] == "no"


def test_more_than_a_base_has_is_a_sentence(ask: Ask, now: ReachNow, sites: PlanSites) -> None:
    lean = PlanChoice(action=Action.MOVE, number=40, sites=("Barry",), origin="Gorseinon")
    effect = find_plan_effect(ask(), now=now, sites=sites, choice=lean, best=None)
    assert "Gorseinon has 6 carriers in date" in effect.sentence
    assert [row[0] for row in effect.table.rows] == ["Now"]
    most = PlanChoice(action=Action.READY, number=40, sites=("Maesteg",))
    assert "who could be made ready" in find_plan_effect(ask(), now=now, sites=sites, choice=most, best=None).sentence


def test_a_search_that_is_stopped_keeps_the_best_so_far(now: ReachNow, sites: PlanSites) -> None:
    told: list[Progress] = []
    choice = PlanChoice(action=Action.ADD, number=20)
    best = find_best_plan(now, sites, choice, lambda progress: bool(told.append(progress)) or True)
    assert len(told) == 1
    assert len(best.sites) == 20


def test_sites_are_bases_first_and_apart(now: ReachNow, sites: PlanSites) -> None:
    assert sites.names[: sites.bases] == now.force.site_names
    assert len(set(sites.names)) == len(sites.names) <= 300
    assert sites.bases == 20
    apart = np.hypot(
        sites.easting_m[: sites.bases, None] - sites.easting_m[sites.bases :],
        sites.northing_m[: sites.bases, None] - sites.northing_m[sites.bases :],
    )
    assert apart.min() > 1_500
    assert "Barry" in origin_names(sites)
    assert set(site_names(sites, Action.READY)) <= set(now.force.site_names)


def test_a_plan_is_saved_in_the_journal_and_opens_again(own_folder: Question, sites: PlanSites) -> None:
    choice = PlanChoice(action=Action.MOVE, number=4, sites=("Barry", "Cowbridge"), origin="Bay")
    save_plan(own_folder, name="  Summer   nights ", choice=choice, sites=sites, keys=KEYS)
    save_plan(own_folder, name="Other", choice=replace(choice, number=2), sites=sites, keys=KEYS)
    save_plan(own_folder, name="summer nights", choice=replace(choice, number=5), sites=sites, keys=KEYS)
    plans = read_plans(own_folder, keys=KEYS)
    assert [plan.name for plan in plans] == ["summer nights", "Other"]
    opened, said = open_plan(plans[0], sites=sites)
    assert opened == replace(choice, number=5)
    assert said == ""
    journal = Journal(folder=own_folder.settings.store_folder, keys=KEYS)
    assert [entry.action for entry in journal.entries()] == ["save plan"] * 3
    assert journal.verify() == 3
    # No name of a base stands in the details: only places.
    assert "Barry" not in str([entry.details for entry in journal.entries()])


def test_a_site_that_is_gone_is_left_out_and_said(own_folder: Question, sites: PlanSites) -> None:
    choice = PlanChoice(action=Action.ADD, number=4, sites=("Barry", "Cowbridge"))
    save_plan(own_folder, name="p", choice=choice, sites=sites, keys=KEYS)
    moved = replace(sites, easting_m=np.where(np.array(sites.names) == "Barry", 0.0, sites.easting_m))
    opened, said = open_plan(read_plans(own_folder, keys=KEYS)[0], sites=moved)
    assert opened.sites == ("Cowbridge",)
    assert "1 site of this plan" in said


def test_only_the_analyst_saves_and_reads_plans(own_folder: Question, ask: Ask, sites: PlanSites) -> None:
    choice = PlanChoice(action=Action.ADD, number=4, sites=("Barry",))
    partner = replace(own_folder, scope=ask(audience="partner").scope)
    with pytest.raises(DisclosureError):
        save_plan(partner, name="p", choice=choice, sites=sites, keys=KEYS)
    assert read_plans(partner, keys=KEYS) == ()
    for name, sites_of in (("", ("Barry",)), ("p", ()), ("x" * 61, ("Barry",))):
        with pytest.raises(PlanNameError, match="nothing was saved"):
            save_plan(own_folder, name=name, choice=replace(choice, sites=sites_of), sites=sites, keys=KEYS)


# Carriers near a point -----------------------------------------------------------------------------------------------


def test_the_near_list_is_the_roster_by_minutes(ask: Ask, now: ReachNow) -> None:
    question = ask()
    near = Near(easting_m=304_961.0, northing_m=206_154.0, words="here")
    found = find_carriers_near(question, near=near, hour=12)
    assert "not live, not for dispatch" in found.planned
    assert "roster imported on" in found.planned
    assert "here, Monday 12:00" in found.heading
    minutes = [float(row[0]) for row in found.table.rows]
    assert minutes == sorted(minutes)
    at_base = [row for row in found.table.rows if row[1] == "Merthyr Tydfil"]
    force = now.force
    merthyr = force.site_names.index("Merthyr Tydfil")
    assert len(at_base) == int((force.roster[12] & (force.site == merthyr)).sum())
    ready = [row for row in at_base if row[3].startswith("in date") and row[4] == "in date"]
    assert len(ready) == int((force.on_shift[12] & (force.site == merthyr)).sum())
    assert all(row[0] == "0" for row in at_base)
    # The shift of everyone listed ends in an hour in which they are no longer rostered.
    assert {row[5] for row in at_base} <= {"Monday 15:00", "Monday 16:00", "Monday 22:00", "Monday 23:00"}


def test_in_the_planted_hours_nobody_is_rostered_at_the_planted_base(ask: Ask) -> None:
    near = Near(easting_m=304_961.0, northing_m=206_154.0, words="here")
    found = find_carriers_near(ask(), near=near, hour=120)
    assert found.table.rows
    assert {"Merthyr Tydfil", "Aberdare"}.isdisjoint({row[1] for row in found.table.rows})


def test_others_see_bases_and_no_small_number(ask: Ask) -> None:
    near = Near(easting_m=304_961.0, northing_m=206_154.0, words="here")
    found = find_carriers_near(ask(audience="partner"), near=near, hour=4)
    assert [column.heading for column in found.table.columns] == ["Minutes", "Base", "Carriers in date"]
    numbers = [row[2] for row in found.table.rows]
    assert "fewer than 5" in numbers
    assert all(number == "0" or int(number) >= 5 for number in numbers if number.isdigit())


@pytest.mark.parametrize("text", ["CF47 8AN", "merthyr tydfil", "51.746, -3.378", " 51.746  -3.378 "])
def test_a_place_is_found_by_postcode_name_or_degrees(text: str, ask: Ask) -> None:
    found = find_point(ask(), text)
    assert np.hypot(found.easting_m - 304_961, found.northing_m - 206_154) < 2_500


@pytest.mark.parametrize("text", ["nowhere at all", "ZZ99 9ZZ", "500, 20", "CF47"])
def test_what_is_no_place_is_a_sentence(text: str, ask: Ask) -> None:
    with pytest.raises(PointUnknownError, match="whole postcode"):
        find_point(ask(), text)
