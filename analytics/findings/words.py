"""What the schema's values are called on screen."""

from wording import _

__all__ = ["field_words", "role_words", "setting_words", "substance_words"]


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
        "condition_after": _("Condition after naloxone"),
        "condition_before": _("Condition before naloxone"),
        "doses_given": _("Doses"),
        "gender": _("Gender"),
        "local_hour": _("Time of day"),
        "location": _("Location"),
        "person_token": _("Person"),
        "police_first_on_scene": _("Police first on scene"),
        "previous_police_contact": _("Previous police contact, any reason"),
        "recorded_at": _("Time of entry"),
        "setting": _("Setting"),
        "substance": _("Substance"),
    }
