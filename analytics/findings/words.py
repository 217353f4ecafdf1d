"""What the schema's fields and values are called on screen."""

import re

from wording import _

__all__ = ["field_label", "field_words", "role_words", "setting_words", "substance_words", "value_label"]

# What a description adds to the field's name.
_AFTERTHOUGHT = re.compile(r"[;,].*")
_RANGE = re.compile(r"(\d+)_(\d+)")


def field_label(name: str, description: str) -> str:
    """A field beside a box or in a table: its name in words, without what its description adds."""
    own = {
        "age_band": _("Age"),
        "authority": _("Local authority"),
        "alive_at_handover": _("Alive at handover"),
        "bcu": _("BCU"),
        "drugs_token": _("Drugs as written"),
        "easting_m": _("Easting, in metres"),
        "incident_id": _("Incident"),
        "location_precision_m": _("How far the true place may be, in metres"),
        "location_source": _("Where the place is from"),
        "match_day": _("Day of the record it adds to"),
        "northing_m": _("Northing, in metres"),
        "officer_token": _("Officer"),
        "person_token": _("Name or number of the person, hashed"),
        "police_first_on_scene": _("Police first on scene"),
        "recipient_type": _("Who was treated: public or officer"),
        "recorded_at": _("Time of entry"),
        "small_area": _("Small area"),
        "substances": _("Substances"),
    }
    return own.get(name) or _AFTERTHOUGHT.sub("", description)


def value_label(value: str) -> str:
    """One of the values that a field may have, in words."""
    return _RANGE.sub(_("{first} to {last}").format(first=r"\1", last=r"\2"), value).replace("_", " ")


def setting_words() -> dict[str, str]:
    """Kinds of place."""
    return {
        "street": _("Street or public place"),
        "home": _("Home"),
        "custody": _("Custody"),
        "hospital": _("Hospital"),
        "other": _("Other"),
        "not_recorded": _("Not recorded"),
    }


def substance_words() -> dict[str, str]:
    """Substances, as a partnership speaks of them."""
    return {
        "heroin": _("Heroin"),
        "methadone": _("Methadone"),
        "nitazene": _("Nitazene"),
        "fentanyl": _("Fentanyl"),
        "other_opioid": _("Other opioid"),
        "benzodiazepine": _("Benzodiazepine"),
        "cocaine": _("Cocaine"),
        "alcohol": _("Alcohol"),
        "other": _("Other"),
        "not_recorded": _("Not recorded"),
    }


def role_words() -> dict[str, str]:
    """Roles of carriers, as a force speaks of them."""
    return {
        "response": _("Response"),
        "pcso": _("PCSO"),
        "custody": _("Custody"),
        "roads": _("Roads policing"),
        "special": _("Special constable"),
        "other": _("Other"),
        "not_recorded": _("Not recorded"),
    }


def field_words() -> dict[str, str]:
    """Fields whose gaps the overview lists."""
    return {
        "age_band": _("Age"),
        "alive_at_handover": _("Alive at handover"),
        "condition_after": _("Consciousness after naloxone"),
        "condition_before": _("Consciousness before naloxone"),
        "doses_given": _("Doses"),
        "gender": _("Gender"),
        "local_hour": _("Time of day"),
        "location": _("Location"),
        "person_token": _("Name or number of the person, hashed"),
        "police_first_on_scene": _("Police first on scene"),
        "previous_police_contact": _("Previous police contact, any reason"),
        "recorded_at": _("Time of entry"),
        "setting": _("Kind of place"),
        "substance": _("Substance"),
    }
