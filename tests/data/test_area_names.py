"""Areas as files name them: by name with what they are behind it, and by codes whose leading zeros are lost."""

import dataclasses

import numpy as np

from data.places import AreaNames
from tests.data.importing import south_wales


def column(*texts):
    array = np.empty(len(texts), dtype=object)
    array[:] = texts
    return array


def test_a_name_is_found_with_what_the_area_is_behind_it():
    authorities = south_wales().authorities
    code = dict(zip(authorities["name"], authorities["code"], strict=True))["Swansea"]
    texts = column("Swansea", "SWANSEA COUNTY", "Swansea City", "Swansea Hills")
    found, wrong = AreaNames(south_wales()).find("authority", texts, own={})
    assert found[:3].tolist() == [code] * 3
    assert wrong.tolist() == [False, False, False, True]


def test_a_code_of_digits_is_found_without_its_zeros_where_it_is_the_only_one():
    first = south_wales().small_areas.head(4)
    geography = dataclasses.replace(south_wales(), small_areas=first.assign(code=["01257", "012", "12", "12202"]))
    texts = column("1257", "01257", "1257.0", "12", "012", "12202", "202")
    found, wrong = AreaNames(geography).find("small_area", texts, own={})
    assert found[:6].tolist() == ["01257", "01257", "01257", "12", "012", "12202"]
    assert wrong.tolist() == [False] * 6 + [True]
