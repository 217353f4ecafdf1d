"""The parts that patterns of headings are made of, and the words for places, which several tables have."""

from dataclasses import dataclass

__all__ = [
    "ABODES",
    "AMBULANCE",
    "ANTIDOTE",
    "EXPORT_NUMBERS",
    "INCIDENT",
    "NALOXONE",
    "OFFICER",
    "PLACE",
    "REFERENCE",
    "WHEN",
    "FieldWords",
]


@dataclass(frozen=True, kw_only=True)
class FieldWords:
    """The headings of one field: the `kinds` of cells it may have, and patterns.

    `exact` ones name it as whole headings, `strong` ones within longer ones too; `weak` ones may mean it, `unlike` ones
    speak against it, and with a `never` one it is something else.
    """

    field: str
    kinds: tuple[str, ...]
    strong: str
    exact: str = ""
    weak: str = ""
    unlike: str = ""
    never: str = ""


REFERENCE = r"(?:no|number|num|nr|ref|reference|id|urn|identifier|code)"
INCIDENT = r"(?:incident|occurrence|occ|event|log|crime|cad|storm|niche|record|case|form|report|submission|response)"
WHEN = r"(?:date|time|datetime|date time|date and time|timestamp|when|start)"
OFFICER = r"(?:officer|collar|warrant|shoulder|badge|epaulette|force|staff|employee|pin)"
NALOXONE = r"(?:naloxone|narcan|nyxoid|dose|administration|administered|given|admin)"
ANTIDOTE = r"(?:naloxone|narcan|nyxoid)"
AMBULANCE = r"(?:ambulance|amb|ems|paramedics?|paramedic crew|sas|scottish ambulance service|crew|vehicle|resource)"

# Where people live is not where it happened.
ABODES = (
    r"victims?|patients?|persons?|subjects?|casualt(?:y|ies)|aided|recipients?|residen(?:ce|t|tial)|home|next kin|"
    r"owners?|officers?|hospitals?"
)

PLACE = (
    FieldWords(
        field="authority",
        kinds=("category", "text"),
        never=ABODES,
        strong=r"(?:local )?authority(?: (?:code|name))?|la(?:d)?(?: code| name)|council area",
    ),
    FieldWords(
        field="small_area",
        kinds=("category", "text"),
        never=ABODES,
        strong=r"postcode (?:district|sector|area)|small area|outcode|outward code|district code",
    ),
    FieldWords(
        field="place.postcode",
        kinds=("postcode", "outcode"),
        never=ABODES,
        strong=r"(?:full |incident |location )?(?:post ?code)(?: incident)?|pcd",
    ),
    FieldWords(
        field="place.x",
        kinds=("degrees", "metres"),
        never=ABODES,
        strong=r"x|(?:\w+ ){0,2}(?:longitude|long|lon|lng|easting|eastings)"
        r"(?: (?:x|m|wgs ?84|osgb|coordinate|bng|coord))?|"
        r"(?:coord|coordinate|grid ref|gps|location|geo|point|map|centroid) (?:x|long|lon|lng|east)|"
        r"x (?:coord|coordinate|centroid)|"
        r"osgr e",
        weak=r"longitude|easting",
    ),
    FieldWords(
        field="place.y",
        kinds=("degrees", "metres"),
        never=ABODES,
        strong=r"y|(?:\w+ ){0,2}(?:latitude|lat|northing|northings)(?: (?:x|y|m|wgs ?84|osgb|coordinate|bng|coord))?|"
        r"(?:coord|coordinate|grid ref|gps|location|geo|point|map|centroid) (?:y|lat|north)|"
        r"y (?:coord|coordinate|centroid)|osgr n",
        weak=r"latitude|northing",
    ),
    FieldWords(
        field="location_precision_m",
        kinds=("number",),
        strong=r"(?:location |place |gps )?(?:precision|accuracy|uncertainty|radius)(?: m| metres)?",
    ),
)


# What map services number the rows of an export by: another export numbers them otherwise.
EXPORT_NUMBERS = r"object ?id|global ?id|fid|oid|row(?: (?:id|no|number|index))?|index"
