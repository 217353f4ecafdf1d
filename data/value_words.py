"""What forces write in place of the schema's values: closed lists, from which a draft's [values] are filled.

Only a text of these lists, or one a slip away from one, ever gets into a draft: a cell's own text may be a name.
"""

import difflib
import re
from collections.abc import Iterable, Mapping, Set

import numpy as np

from data.pseudonymise import age_bands
from data.schema import AGE_RANGES, NOT_RECORDED, Field
from data.values import holds_personal_data, known_choices, meaning_of, plain_forms, plain_value

__all__ = [
    "SAY_ALIVE",
    "band_of_range",
    "certain_words",
    "may_be_shown",
    "plain_categories",
    "translate",
    "whole_words",
    "yes_no_means",
]

# A slip of one letter in seven; below it "Marley" would be "male".
_NEARLY = 0.88
_SHORTEST_SLIP = 6
# Ages alone, "<10", and "20 - 24", "25 to 29", "80 - *", "65+", "85 and over", which may all stand in one column. Years
# of one digit are more likely a code for a band.
_BELOW = re.compile(r"(?:<|under|below)\s*([1-9]\d{0,2})", re.I)
_ABOVE = re.compile(r"(?:>|over|above)\s*(\d{1,3})", re.I)
_YEARS = re.compile(r"([1-9]\d{1,2})(?:\.0+)?(?:\s*(?:y(?:ea)?rs?|y\s?/?\s?o|y)\.?(?:[\s-]*old)?)?", re.I)
# "~25", "approx 50", "43?", "43-ish"; "30s", "early 30s" and "teens" of a decade.
_ABOUT = re.compile(
    r"(?:(?:~|\u2248|\b(?:approx(?:imately)?|about|around|roughly|circa|ca|c|est(?:imated)?|looks|maybe)\b)\W*)+(?=[\dtelm])"
    r"|(?<=[\ds])(?:\s*\?+|\s*-?ish\b|\s*\(?(?:approx(?:imately)?|est(?:imated)?)\b\.?\)?)+$",
    re.I,
)
_DECADE = re.compile(r"(?:(?:early|mid|late)[\s-]*)?([1-9]0)\s*['\u2019]?s", re.I)
_TEENS = re.compile(r"(?:(?:early|mid|late)[\s-]*)?teens?|teenagers?", re.I)
_AGES = re.compile(r"(\d{1,3})\s*(?:(?:-|\u2013|to)\s*(\d{1,3}|\*|\+)|\+|(?:and|or|&) (?:over|older|above)|plus)", re.I)
_OLDEST = 120
# "Do" and "Na" are words of English, too: the other answers tell the language.
_WELSH_YES, _WELSH_NO = frozenset({"ie", "ydy", "oedd"}), frozenset({"nac_ydy", "nac_oedd", "naddo", "nage"})
# A text that so many cells of a column hold, most of whose values are known and few not, is a category's name and may
# be shown; a name in the wrong column is seen once or twice.
# Two words or more with capitals: a name in the wrong column may be there often.
_FULL_NAME = re.compile(
    r"[A-Z][^\W\d_'\u2019-]*(?:['\u2019-][^\W\d_]+)*(?: [A-Z][^\W\d_'\u2019-]*(?:['\u2019-][^\W\d_]+)*)+"
)
_OFTEN_ENOUGH, _SHARE_KNOWN, _MOST_SHOWN = 3, 0.5, 20


def _each(value: str, *words: str) -> dict[str, str]:
    return {plain_value(word): value for word in words}


# Who is told to have died, wherever.
_DIED = tuple(
    f"{word}{where}"
    for word in (
        *("died", "dead", "deceased", "death", "fatal", "fatality", "doa", "pronounced dead", "declared dead"),
        *("pronounced deceased", "pronounced", "life extinct", "life pronounced extinct", "obvious death"),
    )
    for where in ("", " at scene", " on scene", " at the scene", " on arrival", " before arrival", " prior to arrival")
)
# Whom any of these is said of, in a column that says of others that they died, did not.
SAY_ALIVE = (
    *("conscious", "awake", "alert", "responsive", "responsive and alert", "responsive and angry", "combative"),
    *("responsive but sedated", "regained consciousness", "came round", "recovered", "woke up", "revived", "stable"),
    *("conscious and responsive", "conscious responsive", "conscious breathing", "reversed", "improved"),
    *("unconscious but breathing", "breathing", "transported", "transported by ems", "transported by ambulance"),
    *("transported to hospital", "conveyed", "conveyed to hospital", "taken to hospital", "treated at scene"),
    *("treated and released", "treated and transported", "released", "released at scene", "see and treat"),
    *("refused transport", "transport refused", "refused", "refused treatment", "refused medical", "refused ambulance"),
    *("declined", "declined treatment", "declined ambulance", "declined transport", "refused further treatment"),
    *("left", "left scene", "left the scene", "arrested", "left in care of ambulance", "left with ambulance"),
)


_ROLES = (
    _each(
        "response", "response officer", "response team", "neighbourhood officer", "police constable", "constable", "pc"
    )
    | _each("pcso", "police community support officer", "community support officer")
    | _each("custody", "custody officer", "custody sergeant", "detention officer", "cdo")
    | _each("roads", "roads policing", "roads policing officer", "traffic", "rpu", "traffic officer")
    | _each("special", "special constable", "specials", "special constabulary")
    | _each("other", "sergeant", "inspector", "detective", "detective constable", "staff", "police staff", "firearms")
)

_WORDS: dict[str, dict[str, str]] = {
    "gender": _each("male", "boy", "gentleman", "m male", "male m", "gwryw", "dyn")
    | _each("female", "girl", "lady", "f female", "female f", "benyw", "menyw")
    | _each("other", "non binary", "nonbinary", "trans", "transgender", "intersex", "self described"),
    "age_band": _each("under_18", "0 17", "17 and under", "child", "u18")
    | _each("18_24", "18 to 24")
    | _each("25_34", "25 to 34")
    | _each("35_44", "35 to 44")
    | _each("45_54", "45 to 54")
    | _each("55_64", "55 to 64")
    | _each("65_and_over", "65 and above", "over 64", "65 or over"),
    "recipient_type": _each(
        "public", "member of public", "member of the public", "mop", "civilian", "person", "patient"
    )
    | _each("officer", "police officer", "police", "colleague", "staff", "police staff", "self"),
    "setting": _each(
        "street", "public place", "in public", "public", "outdoors", "outside", "road", "park", "alley", "public space"
    )
    | _each(
        "home", "private address", "private dwelling", "dwelling", "house", "flat", "residential", "hostel", "residence"
    )
    | _each("custody", "custody suite", "police custody", "cell", "police station")
    | _each("hospital", "a e", "accident and emergency", "emergency department", "ed")
    | _each("other", "vehicle", "car", "shop", "licensed premises", "public toilet", "business", "commercial", "train"),
    "substance": _each("heroin", "diamorphine", "smack", "heroin diamorphine", "diamorphine heroin", "suspected heroin")
    | _each("methadone", "physeptone")
    | _each("nitazene", "isotonitazene", "metonitazene", "protonitazene", "etonitazene", "suspected nitazene")
    | _each("fentanyl", "carfentanil", "fentanil", "carfentanyl")
    | _each(
        "other_opioid", "other opiate", "codeine", "dihydrocodeine", "tramadol", "morphine", "oxycodone", "oxycontin"
    )
    | _each(
        "other_opioid", "oramorph", "buprenorphine", "subutex", "espranor", "suboxone", "co codamol", "opioid other"
    )
    | _each("other_opioid", "unknown opioid", "unknown opiate", "opiate based", "prescription opioid", "painkillers")
    | _each("benzodiazepine", "diazepam", "valium", "street valium", "xanax", "alprazolam", "etizolam", "bromazolam")
    | _each(
        "benzodiazepine", "street benzos", "fake benzos", "temazepam", "lorazepam", "blues", "street benzodiazepine"
    )
    | _each("fentanyl", "fentanyl analog other synthetic opioid", "fentanyl analogue", "fentanyl analog", "fent")
    | _each("other_opioid", "pharmaceutical opioid", "synthetic opioid", "hydrocodone", "percocet", "vicodin", "opana")
    | _each("other_opioid", "hydromorphone", "dilaudid", "prescription opioids", "prescription opiate", "opium")
    | _each("benzodiazepine", "benzodiazepines i e valium xanax ativan etc", "benzodiazepines i e valium xanax etc")
    | _each("benzodiazepine", "klonopin", "clonazepam", "ativan")
    | _each("other", "marijuana", "synthetic marijuana", "bath salts", "pharmaceutical other")
    | _each("other", "pharmaceutical stimulant")
    | _each("other", "barbiturates", "barbiturates i e amytal nembutal etc", "barbiturate", "meth", "pcp", "xylazine")
    | _each("other", "thc", "k2", "kratom", "gabapentinoid", "stimulant", "hallucinogen", "hallucinogens", "molly")
    | _each("cocaine", "coke", "powder cocaine", "cocaine powder", "cocaine crack", "crack cocaine rock")
    | _each("alcohol", "ethanol", "drink", "intoxicated alcohol", "etoh")
    | _each(
        "other", "cannabis", "spice", "synthetic cannabinoid", "synthetic cannabinoids", "mamba", "ketamine", "mdma"
    )
    | _each("other", "ecstasy", "amphetamine", "speed", "ghb", "gbl", "pregabalin", "gabapentin", "zopiclone", "lsd")
    | _each("other", "methamphetamine", "crystal meth", "solvents", "mirtazapine", "paracetamol", "other drug", "nps")
    | _each(NOT_RECORDED, "unknown drug", "unknown substance", "unsure", "not sure", "unidentified", "unknown drugs"),
    "substance_taken": _each("yes", "x", "ticked", "checked", "present", "detected", "positive")
    | _each("yes", "suspected", "confirmed")
    | _each("no", "negative", "absent", "not detected", "not present"),
    "certainty": _each("suspected", "suspect", "believed", "possible", "probable", "likely", "presumed", "reported")
    | _each("confirmed", "toxicology", "lab confirmed", "tested", "definite", "positive")
    | _each("found_not_opioid", "not opioid", "not an opioid", "negative", "found not to be opioid", "no opioid"),
    "condition_before": _each("conscious", "awake", "alert", "responsive", "conscious and responsive", "breathing")
    | _each("unconscious", "not conscious", "unresponsive to voice", "drowsy", "semi conscious", "collapsed", "asleep")
    | _each("non_responsive", "no response", "not responsive", "not breathing", "cardiac arrest", "no pulse"),
    "condition_after": _each(
        "conscious", "awake", "alert", "responsive", "regained consciousness", "came round", "recovered"
    )
    | _each("conscious", "conscious responsive", "conscious breathing", "woke up")
    | _each("unconscious", "not conscious", "remained unconscious", "still unconscious", "unconscious but breathing")
    | _each("non_responsive", "no response", "no change", "not responsive", "no effect", "unresponsive not breathing")
    | _each("conscious", "responsive and alert", "responsive and angry", "combative", "responsive but sedated")
    | _each("non_responsive", "no response to naloxone", "did not work", *_DIED),
    "alive_at_handover": _each("yes", "survived", "living", "non fatal", "nonfatal", "alive at handover", *SAY_ALIVE)
    | _each(NOT_RECORDED, "unconscious", "non responsive", "unresponsive", "no response", "no change", "not responsive")
    | _each("died", "did not survive", *_DIED),
    "outcome": _each(
        "arrived", "attended", "treated", "treated at scene", "conveyed", "conveyed to hospital", "transported"
    )
    | _each("arrived", "taken to hospital", "see and treat", "see and convey", "transported to hospital", "on scene")
    | _each("already_there", "already on scene", "already at scene", "with ambulance", "on scene before police")
    | _each(
        "left_before", "left", "left scene", "left before ambulance arrived", "left the scene", "walked off", "made off"
    )
    | _each("left_before", "left scene before ambulance arrived", "gone on arrival", "patient left", "no patient found")
    | _each("left_before", "patient left scene", "patient left the scene", "left before arrival", "patient walked off")
    | _each("declined", "refused", "declined treatment", "refused treatment", "refused ambulance", "declined ambulance")
    | _each("cancelled", "canceled", "stood down", "stand down", "ambulance cancelled", "stood down by police")
    | _each(
        "not_called", "not requested", "no ambulance", "ambulance not called", "not required", "ambulance not required"
    ),
    "taken_to_hospital": _each(
        "yes", "conveyed", "transported", "taken to hospital", "transported to hospital", "hospital"
    )
    | _each("no", "not conveyed", "left", "left scene", "declined", "treated at scene", "refused", "see and treat")
    | _each("no", "left before ambulance arrived", "left scene before ambulance arrived"),
    "officer_role": _ROLES,
    "role": _ROLES,
    "event": _each(
        "issued", "issue", "allocated", "given out", "issued to officer", "initial issue", "re issued", "supplied"
    )
    | _each("used", "use", "administered", "deployed", "opened", "expended")
    | _each("returned", "return", "handed in", "handed back", "returned to stores", "recalled")
    | _each("lost", "missing", "stolen", "not found", "mislaid")
    | _each("expired", "out of date", "expiry", "destroyed", "disposed", "written off"),
    "step": _each("referred", "referral", "referral made", "referral sent", "sent to service")
    | _each("contact_due", "due", "awaiting contact", "to contact", "pending")
    | _each("contacted", "contact made", "spoken to", "visited", "phoned", "contact")
    | _each("consented", "consent given", "consent", "agreed", "accepted")
    | _each("declined", "refused", "consent refused", "consent declined", "did not consent", "no consent")
    | _each("engaged", "in treatment", "engaging", "attended", "attended appointment", "started treatment")
    | _each("closed", "case closed", "discharged", "completed", "no further action", "nfa"),
    "kind": _each("drug_incident", "drugs", "drug offences", "drug offence", "drug incident", "possession of drugs")
    | _each("ambulance_overdose_call", "overdose", "overdose poisoning", "poisoning", "overdose ingestion poisoning")
    | _each("ambulance_overdose_call", "overdose call", "drug overdose", "opioid overdose", "suspected overdose")
    | _each(
        "drug_related_death", "death", "drug death", "drug related death", "fatal overdose", "suspected drug death"
    ),
}


def whole_words(field: Field) -> frozenset[str]:
    """The words of the field's lists in plain form, so that one with a separator in it is not taken apart."""
    return frozenset(_WORDS.get(field.name, {})) | frozenset(known_choices(field, {}))


def translate(field: Field, texts: Iterable[str], *, yes_no: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """What the closed lists make of the texts that the import does not know, and the texts that stay unknown.

    `yes_no` is what yes and no mean in this column, where the field's values are others. Each text comes once; the keys
    are the lists' own words.
    """
    texts = list(texts)
    known = known_choices(field, {})
    allowed = certain_words(field, yes_no=yes_no)
    found = _welsh_answers(field, map(plain_value, texts), yes_no=yes_no)
    allowed |= {plain_value(word): value for word, value in found.items()}
    unknown = []
    for text in texts:
        plain = plain_value(text)
        if plain in allowed:
            found[plain.replace("_", " ")] = allowed[plain]
        elif field.name == "age_band" and (band := band_of_range(text)):
            found[plain.replace("_", " ")] = band
        elif plain not in known:
            everything = known | allowed
            if meaning_of(text, everything, languages=field.name != "substance") is not None:
                # The import knows such a form by its part that is on a list.
                parts = [form for form in plain_forms(text) if form in allowed]
                found |= {part.replace("_", " "): allowed[part] for part in parts}
            elif value := _slip_of(plain, {word: value for word, value in everything.items() if value}):
                found[plain.replace("_", " ")] = value
            else:
                unknown.append(text)
    return dict(sorted(found.items())), unknown


def _welsh_answers(field: Field, plain: Iterable[str], *, yes_no: Mapping[str, str]) -> dict[str, str]:
    """What Welsh yes and no mean in a column that has one of them; elsewhere "Na" is "not available"."""
    meant = {each: value for each in ("yes", "no") if (value := yes_no.get(each, each)) in field.values}
    said = set(plain) & (_WELSH_YES | _WELSH_NO)
    if not said or len(meant) < 2:
        return {}
    answers = dict.fromkeys(said & _WELSH_YES, meant["yes"]) | dict.fromkeys((said & _WELSH_NO) | {"na"}, meant["no"])
    return {word.replace("_", " "): value for word, value in answers.items()}


def certain_words(field: Field, *, yes_no: Mapping[str, str]) -> dict[str, str]:
    """The words of the field's lists in plain form, each with the value that it means whoever wrote it.

    `yes_no` is what yes and no mean in the column, where the field's values are others.
    """
    words = _WORDS.get(field.name, {}) | {
        plain_value(word): yes_no[answer]
        for answer, forms in (("yes", ("y", "yes", "true", "1")), ("no", ("n", "no", "false", "0")))
        for word in forms
        if answer in yes_no
    }
    if NOT_RECORDED in field.values:
        words = {"u": NOT_RECORDED} | words
    return {word: value for word, value in words.items() if value in field.values}


def may_be_shown(unknown: Mapping[str, int], *, filled: int, names: Set[str]) -> tuple[str, ...]:
    """Which of a column's unknown texts, with the number of their cells, are plainly categories: the frequent ones.

    `filled` is how many cells say something, `names` the words (plain) of all names in the file: a text that has one is
    a name in the wrong column.
    """
    return plain_categories(unknown, names=names) if filled - sum(unknown.values()) >= _SHARE_KNOWN * filled else ()


def plain_categories(texts: Mapping[str, int], *, names: Set[str]) -> tuple[str, ...]:
    """Which of these texts, with the number of their cells, are frequent and nobody's name; none if they are many."""
    shown = [
        text
        for text, cells in texts.items()
        if cells >= _OFTEN_ENOUGH
        and not holds_personal_data(text)
        and not _FULL_NAME.fullmatch(text.strip())
        and names.isdisjoint(plain_value(text).split("_"))
    ]
    return tuple(sorted(shown)) if len(shown) <= _MOST_SHOWN else ()


def band_of_range(text: str) -> str:
    """The band that is a range of ages or holds the whole of it, or an age in years; "not_recorded" where none does.

    An age that is about so many years is taken for these. "" for what is neither.
    """
    text = _ABOUT.sub("", text.strip())
    if _TEENS.fullmatch(text):
        return "10_19"
    if decade := _DECADE.fullmatch(text):
        return band_of_range(f"{decade[1]}-{int(decade[1]) + 9}")
    if years := _YEARS.fullmatch(text.strip()):
        return str(age_bands(np.array([years[1]], dtype=float))[0][0])
    if below := _BELOW.fullmatch(text.strip()):
        return band_of_range(f"0-{int(below[1]) - 1}")
    found = _AGES.fullmatch(_ABOVE.sub(r"\1+", text.strip()))
    if not found:
        return ""
    first, last = int(found[1]), int(found[2]) if found[2] and found[2].isdecimal() else _OLDEST
    if (same := f"{first}_{last}") in AGE_RANGES:
        return same
    bands = {str(band) for band in age_bands(np.array([first, max(first, last)], dtype=float))[0]}
    return bands.pop() if len(bands) == 1 else NOT_RECORDED


def _slip_of(plain: str, words: Mapping[str, str]) -> str | None:
    """The value of the word that a text is nearly, as "unconcious" is "unconscious"."""
    if len(plain) < _SHORTEST_SLIP:
        return None
    near = difflib.get_close_matches(
        plain, [word for word in words if len(word) >= _SHORTEST_SLIP], n=1, cutoff=_NEARLY
    )
    return words[near[0]] if near else None


def yes_no_means(field: str, plain_heading: str) -> dict[str, str]:
    """What yes and no mean in a column whose heading asks a question, for a field with other values."""
    words = set(plain_heading.split())
    if field in ("condition_before", "condition_after"):
        asleep = bool(words & {"unconscious", "unresponsive"})
        return {"yes": "unconscious", "no": "conscious"} if asleep else {"yes": "conscious", "no": "unconscious"}
    if field == "alive_at_handover" and words & {"died", "fatal", "deceased", "death"}:
        return {"yes": "died", "no": "yes"}
    if field == "outcome":
        for word, value in (("left", "left_before"), ("declined", "declined"), ("cancelled", "cancelled")):
            if word in words:
                return {"yes": value, "no": NOT_RECORDED}
        return {"yes": "arrived", "no": NOT_RECORDED}
    if field == "certainty":
        return {"yes": "confirmed", "no": "suspected"}
    return {}
