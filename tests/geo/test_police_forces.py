"""The table of forces, against the postcode directory and against the ONS's own table where it is at hand."""

import csv
from pathlib import Path

import pytest

from geo.errors import UnknownAuthorityError, UnknownForceError
from geo.police_forces import find_authorities, find_force, force_of_authority, police_forces
from geo.postcodes import letter_boxes, read_directory

ONS_TABLE = Path(__file__).parents[3] / "shared" / "data" / "la_to_police_force.csv"


def test_every_force_has_its_authorities() -> None:
    forces = {force.name: force for force in police_forces()}
    nations = [force.nation for force in police_forces()]
    assert {nation: nations.count(nation) for nation in set(nations)} == {
        "England": 39,
        "Wales": 4,
        "Scotland": 1,
        "Northern Ireland": 1,
    }
    assert len(forces["Police Scotland"].authorities) == 32
    assert len(forces["PSNI"].authorities) == 11
    assert len(forces["Metropolitan Police"].authorities) == 32
    assert {authority.name for authority in forces["South Wales"].authorities} == {
        "Swansea",
        "Neath Port Talbot",
        "Bridgend",
        "Vale of Glamorgan",
        "Cardiff",
        "Rhondda Cynon Taf",
        "Merthyr Tydfil",
    }
    codes = [code for force in police_forces() for code in force.authority_codes]
    assert len(codes) == len(set(codes)) == 361


@pytest.mark.skipif(not ONS_TABLE.exists(), reason="the ONS table of authorities and forces is not at hand")
def test_england_and_wales_follow_the_ons() -> None:
    with ONS_TABLE.open(encoding="utf-8", newline="") as file:
        ons = {row["local_authority_code"]: row["police_force"] for row in csv.DictReader(file)}
    other_way_round = {"London, City of": "City of London"}
    ours = {code: force.name for force in police_forces() for code in force.authority_codes if code[0] in "EW"}
    assert ours == {code: other_way_round.get(force, force) for code, force in ons.items()}


def test_the_letters_and_boxes_cover_the_directory(cache_folder: Path) -> None:
    # Two letters and three nations stand for the whole; reading all of it would take the time of all other tests.
    rows = read_directory(letters="SN", cache_folder=cache_folder)
    listed = set(letter_boxes().query("letter in ['S', 'N']")["authority_code"])
    assert set(rows["authority"].unique()) == listed
    assert set(letter_boxes()["authority_code"]) == {
        code for force in police_forces() for code in force.authority_codes
    }


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("South Wales Police", "South Wales"),
        ("  south WALES ", "South Wales"),
        ("Avon & Somerset Constabulary", "Avon and Somerset"),
        ("Devon and Cornwall", "Devon & Cornwall"),
        ("Dyfed Powys", "Dyfed-Powys"),
        ("Scotland", "Police Scotland"),
        ("Police Service of Northern Ireland", "PSNI"),
        ("City of London Police", "City of London"),
    ],
)
def test_a_force_is_found_as_people_write_it(written: str, name: str) -> None:
    assert find_force(written).name == name


def test_an_unknown_force_is_told_with_the_nearest_names() -> None:
    with pytest.raises(UnknownForceError, match="North Yorkshire"):
        find_force("East Yorkshire")
    with pytest.raises(UnknownForceError, match="South Wales, Police Scotland or PSNI"):
        find_force("Gotham")


def test_authorities_are_found_by_code_or_name() -> None:
    force = find_force("South Wales")
    found = find_authorities(["cardiff", "W06000011"], among=force.authorities)
    assert [authority.name for authority in found] == ["Cardiff", "Swansea"]
    with pytest.raises(UnknownAuthorityError, match="Did you mean Swansea"):
        find_authorities(["Swanse"], among=force.authorities)
    assert force_of_authority("N09000003").name == "PSNI"
    with pytest.raises(UnknownAuthorityError):
        force_of_authority("E99999999")
