"""How forces, ambulance services and open data head their columns: closed lists, from which a mapping is drafted.

A pattern is matched against a heading's plain words: "OccurrenceNo." is "occurrence no". `strong` patterns name the
field, `weak` ones could mean another as well. `kinds` are what the cells may look like (data.drafting.column_facts).
"""

import re
from dataclasses import dataclass, replace
from functools import cache

__all__ = [
    "ABODES",
    "EXPORT_NUMBERS",
    "FREE_TEXT",
    "TABLE_SIGNS",
    "FieldWords",
    "field_words",
    "match_heading",
    "plain_words",
]

_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[A-Za-z])(?=\d)|(?<=\d)(?=[A-Za-z])")
_NOT_WORDS = re.compile(r"[\W_]+")
# Words that say nothing: "Was the person conscious? (Y/N)".
_EMPTY = frozenset(
    ["the", "a", "an", "of", "was", "were", "is", "did", "do", "does", "y", "n", "if", "known", "please", "has", "any"]
)

# Headings of what people write at length or where they live: never read, never shown.
FREE_TEXT = re.compile(
    r"\b(notes?|remarks?|comments?|narrative|summary|description|free text|circumstances|details|log text|mo|"
    r"modus operandi|update|address|street|flat|house|location|telephone|phone|e ?mail)\b"
)


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


def plain_words(heading: str) -> str:
    """A heading as plain words: without case, punctuation and words that say nothing."""
    if heading.strip() == "_id":
        # How open data portals head the numbers of rows.
        return "row id"
    words = _NOT_WORDS.sub(" ", _CAMEL.sub(" ", heading.replace("#", " no "))).casefold().split()
    # "Y" beside no "N" is a coordinate's.
    empty = _EMPTY if "n" in words else _EMPTY - {"y"}
    return " ".join([word for word in words if word not in empty] or words)


@cache
def match_heading(words: FieldWords, plain: str) -> float:
    """How well a heading in plain words names the field: 1 in so many words, 0 not at all."""
    own = words.field.rpartition(".")[2].replace("_", " ")
    if plain == own or any(re.fullmatch(each, plain) for each in (words.exact, words.strong) if each):
        return 1.0
    if found := re.search(rf"\b(?:{words.strong})\b", plain):
        # The more of the heading the pattern explains, the surer.
        return 0.7 + 0.25 * len(found[0]) / len(plain)
    return 0.5 if words.weak and re.search(rf"\b(?:{words.weak})\b", plain) else 0.0


_REFERENCE = r"(?:no|number|num|nr|ref|reference|id|urn|identifier|code)"
_INCIDENT = r"(?:incident|occurrence|occ|event|log|crime|cad|storm|niche|record|case|form|report|submission|response)"
_WHEN = r"(?:date|time|datetime|date time|date and time|timestamp|when|start)"
_OFFICER = r"(?:officer|collar|warrant|shoulder|badge|epaulette|force|staff|employee|pin)"
_NALOXONE = r"(?:naloxone|narcan|nyxoid|dose|administration|administered|given|admin)"
_ANTIDOTE = r"(?:naloxone|narcan|nyxoid)"
_AMBULANCE = r"(?:ambulance|amb|ems|paramedics?|paramedic crew|sas|scottish ambulance service|crew|vehicle|resource)"

# Where people live is not where it happened.
ABODES = (
    r"victims?|patients?|persons?|subjects?|casualt(?:y|ies)|aided|recipients?|residen(?:ce|t|tial)|home|next kin|"
    r"owners?|officers?|hospitals?"
)

_PLACE = (
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

# Times that are not the event's, whatever else their headings say.
_OTHER_TIMES = (
    r"closed|end|ended|to|cleared|dispatch\w*|arriv\w*|entered|entry|modified|updated?|submitted|submission|completion|"
    r"birth|dob|report|expir\w*|due|ambulance|on scene|at scene|recorded|paramedics?"
)

# Numbers of other things than the record.
_NOT_KEYS = (
    r"doses?|actuations?|kits?|minutes|time|date|age|phone|person|nominal|patient|subject|beat|officer|collar|warrant|"
    r"type|post ?code|lsoa|cad|ambulance|vehicle|victim|casualty|aided|drug|substance|county|city|state|fips|zip"
)

# What has a name and is nobody: "Incident County Name".
_NO_PERSONS = "".join(
    rf"(?<!{each} )"
    for each in (
        *("county", "city", "town", "borough", "district", "ward", "municipality", "beat", "sector", "station"),
        *("hospital", "agency", "department", "region", "division", "street", "drug", "product", "file", "form"),
    )
)

# What map services number the rows of an export by: another export numbers them otherwise.
EXPORT_NUMBERS = r"object ?id|global ?id|fid|oid|row(?: (?:id|no|number|index))?|index"

_FORM = (
    FieldWords(
        field="incident_id",
        kinds=("key",),
        strong=rf"(?:niche )?{_INCIDENT} {_REFERENCE}(?: {_REFERENCE})?|unique (?:reference|id|identifier)(?: number)?|"
        r"(?:our |police |force |form )reference(?: number)?",
        exact=r"urn|reference(?: number)?|ref(?: no)?|occurrence|incident|id|key",
        weak=rf"reference|ref|urn|id|(?:call|run|alarm|dispatch|complaint|pcr|epcr|ticket|file) {_REFERENCE}",
        unlike=_NOT_KEYS,
        never=EXPORT_NUMBERS,
    ),
    FieldWords(
        field="administration_id",
        kinds=("key",),
        strong=rf"administration {_REFERENCE}|{_ANTIDOTE} (?:form |record |report )?{_REFERENCE}",
    ),
    FieldWords(
        field="person_number",
        kinds=("key", "number", "category"),
        strong=r"(?:person|patient|subject|casualty|individual) (?:no|number|index|seq|sequence|count)|"
        r"(?:person|patient|subject) \d",
        exact=r"victim",
    ),
    FieldWords(
        field="occurred_at",
        kinds=("time", "date", "month", "excel"),
        strong=rf"occurred(?: (?:at|on|date|time))*|{_WHEN}(?: and time)?(?: {_WHEN})?(?: (?:incident|occurrence|event|"
        rf"overdose|reversal|{_NALOXONE}))|(?:incident|occurrence|occ|event|overdose|reversal|{_NALOXONE})(?: {_WHEN})+"
        r"(?: (?:from|start|time))?|"
        r"date and time|date time|datetime|when|date",
        weak=rf"(?:create|created|call|committed|reported|start|from|attended|month).*{_WHEN}|{_WHEN}|month|"
        r"create time|(?:call |alarm )?(?:received|reported|created)|call|alarm",
        unlike=_OTHER_TIMES,
        # Map services note when a row was edited.
        never=r"edit(?:ed)?|editor|modified|updated?|creation date",
    ),
    FieldWords(
        field="recorded_at",
        kinds=("time", "date", "excel"),
        strong=r"(?:record|form|report|entry) (?:created|entered|submitted|completed)(?: .*)?|"
        r"(?:entered|entry|submitted|submission|completion|recorded|input|inserted|form completed)"
        r"(?: (?:at|on|date|time|datetime))+|date (?:entered|submitted|recorded|input|completed)|completion time",
        weak=r"created|entered|submitted|reported (?:date|on|at)",
    ),
    FieldWords(
        field="recording_force",
        kinds=("category", "text"),
        strong=r"(?:recording |police |reporting )?force(?: name)?|recording force|constabulary",
    ),
    FieldWords(
        field="officer_area",
        kinds=("category", "text"),
        strong=r"area where officer works|officer (?:area|division|base|station|district|team)|"
        r"(?:area|division|division and subdivision|policing area|officer s area)",
        weak=r"subdivision|sub division|section|station|area|team",
    ),
    FieldWords(field="bcu", kinds=("category", "text"), strong=r"bcu(?: name)?|basic command unit|command unit"),
    FieldWords(
        field="setting",
        kinds=("category", "text"),
        strong=r"setting|(?:location|place|premises|venue|scene) (?:type|kind|category)|(?:type|nature|kind) "
        r"(?:location|place|premises|scene)",
        weak=r"where happened|public or private|private dwelling",
    ),
    FieldWords(
        field="police_first_on_scene",
        kinds=("yes_no", "category"),
        strong=r"police (?:first|arrived first|there first)(?: (?:on|at) scene)?|first (?:on|at) scene|"
        r"police (?:there|present|attended) before ambulance",
    ),
    FieldWords(
        field="call_category_before",
        kinds=("category", "number"),
        strong=r"(?:ambulance |call |response )?category(?: before| initial)|(?:initial|original|first|opening) "
        r"(?:call |response |ambulance |triage )?(?:category|code|grade)|ambulance (?:call )?category|call category",
        weak=r"category|(?:response )?grade|colour code|amb cat",
    ),
    FieldWords(
        field="call_category_after",
        kinds=("category", "number"),
        strong=r"(?:ambulance |call |response )?category(?: after| final| revised)|(?:final|revised|closing|upgraded|"
        r"downgraded|second) (?:call |response |ambulance |triage )?(?:category|code|grade)",
    ),
    FieldWords(
        field="person.first_name",
        kinds=("name",),
        strong=r"(?:first|given|fore) ?names?(?: \d)?|forenames? ?\d?|(?:\w+ )?(?:first name|forename)s?",
    ),
    FieldWords(
        field="person.last_name",
        kinds=("name",),
        strong=r"(?:last|family|sur) ?name|(?:\w+ )?(?:surname|last name)",
    ),
    FieldWords(
        field="person.name",
        kinds=("name",),
        strong=r"(?:full |patient |person |subject |casualty |recipient |individual |nominal |service user |victim )?"
        rf"(?:full )?{_NO_PERSONS}name|name (?:person|patient|casualty|subject|individual)(?: .*)?|"
        r"(?:patient|subject|casualty|person)",
        weak=r"details person.*|person details|subject details|personal details",
    ),
    FieldWords(
        field="person.date_of_birth",
        kinds=("date", "time", "excel"),
        strong=r"(?:\w+ )?(?:dob|d o b|date birth|birth ?date|born)(?: \w+)?",
    ),
    FieldWords(
        field="person.age",
        kinds=("number",),
        strong=r"(?:\w+ )?age(?: (?:years?|in years?|yrs|person|patient|at incident|approx|approximate|estimated))*|"
        r"(?:approx|approximate|estimated) age",
    ),
    FieldWords(field="age_band", kinds=("category", "text"), strong=r"age (?:band|group|range|bracket)"),
    FieldWords(
        field="person.identifier",
        kinds=("key", "category", "number"),
        strong=rf"(?:nominal|person|patient|subject|victim|pnc|cro|nhs|offender|golden nominal|"
        rf"service user)(?: {_REFERENCE})+|pncid",
    ),
    FieldWords(field="gender", kinds=("category",), strong=r"(?:\w+ )?(?:gender|sex)(?: \w+)?", never=r"officers?"),
    FieldWords(
        field="described_by",
        kinds=("category",),
        strong=r"(?:\w+ )?(?:race|ethnicit(?:y|ies)|ethnic (?:group|appearance|origin)|nationality)(?: \w+)?",
        never=r"officers?",
    ),
    FieldWords(
        field="naloxone_given",
        kinds=("yes_no", "category"),
        strong=rf"(?:police |officer )?(?:{_ANTIDOTE} )+"
        r"(?:administered|given|used|use|deployed|administration|provided)"
        rf"(?: (?:by )?(?:police|officers?|pd))?|{_ANTIDOTE}|"
        rf"(?:(?:you|officer|police) )?(?:administered|administer|given|give|gave|used|use|deployed) {_ANTIDOTE}",
    ),
    FieldWords(
        field="given_by_others",
        kinds=("category", "text"),
        strong=r"(?:given|administered) by (?:others?|third part(?:y|ies)|non police|bystanders?)(?: .*)?|"
        r"third party.*",
    ),
    FieldWords(
        field="drug_number",
        kinds=("key", "number"),
        strong=rf"(?:\w+ )*(?:drug|substance) {_REFERENCE}",
    ),
    FieldWords(
        field="recipient_type",
        kinds=("category",),
        strong=r"recipient(?: type)?|(?:given|administered) to|(?:person|patient|subject) type|type (?:person|"
        r"recipient)|"
        r"public or officer",
    ),
    FieldWords(
        field="substances",
        kinds=("category", "text"),
        never=rf"(?:drug|substance)s? {_REFERENCE}|drug(?:s)? (?:found|seized|charges?|paraphernalia)",
        strong=r"(?:type )?(?:substance|drug)s?(?: (?:type|taken|used|suspected|involved|name|believed taken|\d+))*|"
        r"(?:suspected|type|believed) (?:substance|drug)s?(?: .*)?|what (?:substance|drug).*",
        weak=r"substance|drug",
    ),
    FieldWords(
        field="certainty",
        kinds=("category",),
        strong=r"(?:substance |drug )?(?:certainty|confirmed or suspected|suspected or confirmed)(?: \d+)?|"
        r"(?:drug|substance) confirmed(?: \d+)?",
    ),
    FieldWords(
        field="doses_given",
        kinds=("number",),
        never=r"unit|strength|(?<!\d )mg|^doses?\b.* mg",
        strong=r"(?:number|no|total|count|how many|num|qty|quantity) (?:\w+ )?(?:doses?|actuations?|sprays?|"
        r"administrations?)"
        r"(?: .*)?|(?:doses?|actuations?|sprays?)(?: (?:given|delivered|administered|used|number|total|count|no))*|"
        r"(?:naloxone|nyxoid|narcan) (?:doses?|sprays?)(?: (?:given|used|administered|total))?",
    ),
    FieldWords(
        field="tried_to_wake",
        kinds=("yes_no",),
        strong=r"(?:tried|try|attempted) to wake.*|wake.* verbally|verbal stimul.*|rouse.*",
    ),
    FieldWords(field="tilted_head", kinds=("yes_no",), strong=r"(?:tilt|tilted) .*head.*|head tilt.*"),
    FieldWords(field="checked_breathing", kinds=("yes_no",), strong=r"check(?:ed)? .*breathing|breathing check(?:ed)?"),
    FieldWords(
        field="checked_response",
        kinds=("yes_no",),
        strong=r"check(?:ed)? (?:for )?.*respons.*|response check(?:ed)?|avpu.*",
    ),
    FieldWords(field="recovery_position", kinds=("yes_no",), strong=r".*recovery position.*"),
    FieldWords(field="chest_compressions", kinds=("yes_no",), strong=r".*chest compressions?.*|cpr.*|compressions"),
    FieldWords(field="rescue_breaths", kinds=("yes_no",), strong=r".*(?:rescue breath|mouth to mouth).*|ventilations?"),
    FieldWords(
        field="cleared_airways",
        kinds=("yes_no",),
        strong=r"(?:clear|cleared|open|opened) .*airways?.*|airways? cleared",
    ),
    FieldWords(field="checked_pulse", kinds=("yes_no",), strong=r"check(?:ed)? .*pulse.*|pulse check(?:ed)?"),
    FieldWords(
        field="condition_before",
        kinds=("category", "yes_no"),
        strong=r"(?:condition|state|status|conscious(?:ness)?|responsive(?:ness)?|level consciousness)(?: \w+)* "
        r"(?:before|on arrival|"
        r"at arrival|prior)(?: .*)?|(?:initial|presenting|before) (?:condition|state|consciousness)|"
        r"conscious or unconscious|(?:person |subject |patient )?(?:conscious|unconscious|"
        r"consciousness)(?: on arrival)?",
        weak=r"conscious|unconscious|condition|physical state|state",
        unlike=r"after|afterwards|following|post",
    ),
    FieldWords(
        field="condition_after",
        kinds=("category", "yes_no"),
        strong=r"(?:(?:person|patient|subject) )?(?:condition|state|conscious(?:ness)?|responsive(?:ness)?|outcome|"
        r"response)(?: \w+)* (?:after|afterwards|following|"
        r"post)(?: .*)?|(?:final|after) (?:condition|state|consciousness)|outcome(?: (?:person|patient|subject|"
        r"individual)"
        r"(?: .*)?)?|(?:person|patient|subject) outcome|regained consciousness",
        weak=r"outcome|result|response desc(?:ription)?|(?:response|reaction)(?: to)? (?:naloxone|narcan)",
    ),
    FieldWords(
        field="alive_at_handover",
        kinds=("yes_no", "category"),
        strong=r"(?:(?:victim|person|patient) )?(?:alive|survived?|survival|lived|died|fatal|deceased|life status)"
        r"(?: .*)?|(?:fatal|non fatal) outcome",
    ),
    FieldWords(
        field="previous_police_contact",
        kinds=("yes_no",),
        strong=r"(?:previous|prior|earlier) (?:police )?contact.*|(?:previously )?known to police|previous police.*",
    ),
    FieldWords(
        field="seen_by_paramedics",
        kinds=("yes_no",),
        strong=r"seen by (?:paramedics?|ambulance).*|(?:paramedics?|sas|scottish ambulance service|"
        r"ambulance) (?:provided|gave)"
        r" .*care.*|further medical care.*|(?:treated|assessed|care) by (?:paramedics?|ambulance).*|paramedics? saw.*",
        weak=rf"{_AMBULANCE} (?:attended|attendance|responded|attend|respond).*|medical care",
    ),
    FieldWords(
        field="taken_to_hospital",
        kinds=("yes_no", "category"),
        strong=r"(?:\w+ )*(?:taken|transported|conveyed|conveyance|transferred|admitted) (?:to )?hospital.*|"
        r"conveyed|transported|hospitali[sz]ed",
        weak=r"hospital|a e|conveyance",
    ),
    FieldWords(
        field="resupply_needed",
        kinds=("yes_no",),
        strong=r"(?:naloxone |kit )?(?:resupply|re supply|replacement|restock)(?: (?:needed|required|requested|kit|"
        r"kits))*",
    ),
    FieldWords(
        field="resupply_kits",
        kinds=("number",),
        strong=r"(?:number|no|how many) (?:\w+ )?kits?(?: (?:needed|required|requested))?|kits? (?:needed|required|"
        r"requested)|"
        r"resupply (?:kits?|number|quantity)",
    ),
    FieldWords(
        field="dose.officer",
        kinds=("key", "number", "category", "text", "name"),
        strong=rf"(?:administering |carrying |reporting |dose \d )?(?:officer|collar|warrant|"
        rf"shoulder)(?: {_REFERENCE})*|"
        rf"{_OFFICER} {_REFERENCE}|dose \d+ officer.*|officer dose \d+|administered by|given by",
        weak=r"officer|collar",
    ),
    FieldWords(
        field="dose.officer_role",
        kinds=("category",),
        strong=r"(?:officer )?(?:role|rank|job title)|dose \d+ role|officer role.*",
    ),
    FieldWords(
        field="dose.product",
        kinds=("category", "text"),
        strong=r"(?:naloxone )?(?:product|brand|formulation|route)(?: .*)?|dose \d+ product|(?:nyxoid|prenoxad).*",
    ),
    FieldWords(
        field="dose.kit",
        kinds=("key", "category", "number"),
        strong=rf"(?:naloxone )?kit(?: (?:serial|{_REFERENCE}))+|dose \d+ kit.*|serial (?:no|number)",
    ),
    FieldWords(
        field="dose.given_at",
        kinds=("time", "date", "clock", "excel"),
        strong=rf"dose (?:\d+ )?(?:given|time|at|{_WHEN}).*|(?:time|when) (?:of )?dose(?: \d+)?(?: given)?|"
        r"time (?:of )?(?:administration|naloxone)(?: given)?|time naloxone (?:was )?(?:given|administered)|"
        r"medication (?:given )?(?:time|date time|at)|"
        r"naloxone (?:given|administered)(?: (?:at|time))+|administration time",
    ),
    FieldWords(
        field="wait.minutes",
        kinds=("number",),
        strong=rf"{_AMBULANCE}(?: \w+)* (?:response|wait|waiting|arrival) ?(?:time)?(?: .*)?min(?:ute)?s?(?: .*)?|"
        rf"(?:minutes|mins|time) (?:\w+ )*(?:until|to|for|before) {_AMBULANCE}(?: .*)?|"
        rf"{_AMBULANCE} (?:response|wait|waiting)(?: times?)?(?: .*)?|response time.*|ambulance minutes|wait minutes",
    ),
    FieldWords(
        field="wait.started_at",
        kinds=("time", "clock", "excel"),
        strong=rf"(?:time|datetime|date time|date and time)?(?: of)? ?(?:999 )?(?:call|ambulance called|"
        rf"ambulance requested|clock start)"
        rf"(?: {_WHEN}| received| connect(?:ed)?| answered| made| at)*|{_AMBULANCE} (?:called|requested|"
        rf"contacted)(?: .*)?|"
        r"t ?0|call connect.*|clock start.*|create time(?: .*)?|(?:created|creation) (?:date )?time|call (?:start|"
        r"pickup|connect)",
        weak=r"call|called|requested",
    ),
    FieldWords(
        field="wait.ended_at",
        kinds=("time", "clock", "excel"),
        strong=rf"{_AMBULANCE} (?:arrived|arrival|on scene|at scene)(?: .*)?|(?:time|date time) (?:\w+ )?(?:at|"
        rf"on) scene|"
        rf"(?:first )?(?:resource |vehicle |crew )?(?:arrived|arrival|on|at) (?:at )?scene(?: .*)?|"
        rf"arrival (?:{_WHEN}).*|"
        r"time (?:arrived|arrival|of arrival).*|what time (?:ambulance|paramedics?) arrived?|"
        r"clock stop.*|arrived(?: .*)?|scene arrival.*",
    ),
    FieldWords(
        field="wait.outcome",
        kinds=("category", "yes_no"),
        strong=rf"left (?:scene )?before (?:{_AMBULANCE}).*|left (?:the )?scene.*|{_AMBULANCE} (?:outcome|result|"
        rf"disposition)|"
        rf"{_AMBULANCE} (?:declined|cancelled).*|stood down|disposition|call outcome",
    ),
)

_CARRIER = (
    FieldWords(field="carrier_id", kinds=("key",), strong=rf"carrier {_REFERENCE}"),
    FieldWords(
        field="officer_token",
        kinds=("key", "number", "category", "text", "name"),
        strong=rf"(?:officer|collar|warrant|shoulder|carrier|holder|staff|employee)(?: {_REFERENCE})*|(?:issued|"
        rf"allocated|"
        rf"assigned) to|{_OFFICER} {_REFERENCE}|used by|held by",
        weak=r"officer|collar|name",
    ),
    FieldWords(
        field="role",
        kinds=("category", "text"),
        strong=r"(?:officer )?(?:role|rank|post|job title|position|function)(?: .*)?",
    ),
    FieldWords(
        field="base",
        kinds=("category", "text"),
        strong=r"(?:\w+ )?(?:base|station|location|depot|site)(?: name)?|police station",
        weak=r"team|department",
    ),
    FieldWords(
        field="bcu", kinds=("category", "text"), strong=r"bcu(?: name)?|basic command unit|division|command unit|area"
    ),
    FieldWords(
        field="trained_on",
        kinds=("date", "time", "excel"),
        strong=r"(?:date )?(?:first |initial )?train(?:ed|ing)(?: (?:date|on|completed|completion))*|date trained",
    ),
    FieldWords(
        field="refreshed_on",
        kinds=("date", "time", "excel"),
        strong=r"(?:date |last )*(?:refresher|refreshed|refresh)(?: (?:date|training|on|completed))*",
    ),
    FieldWords(
        field="valid_from",
        kinds=("date", "time", "excel"),
        strong=r"(?:valid|effective|carrying|carrier|role|start|active|in post)(?: from| since| start| date)+|from|"
        r"start date|since|carriage start.*",
    ),
    FieldWords(
        field="valid_to",
        kinds=("date", "time", "excel"),
        strong=r"(?:valid|effective|carrying|carrier|role|active|in post)(?: to| until| till| end| date)+|to|until|"
        r"end date|left|leaving date|date left",
    ),
)

_SHIFT = (
    FieldWords(field="shift_id", kinds=("key",), strong=rf"(?:shift|duty|roster) {_REFERENCE}"),
    _CARRIER[1],
    FieldWords(
        field="starts_at",
        kinds=("time", "date", "excel"),
        strong=rf"(?:shift|duty|roster|rostered|tour)? ?(?:starts?|on|from|begins?|commences?)(?: (?:at|on|{_WHEN}))*|"
        r"(?:shift|duty|roster) date|date|book(?:ed)? on",
        weak=r"start|from|date",
    ),
    FieldWords(
        field="ends_at",
        kinds=("time", "date", "excel", "clock"),
        strong=r"(?:shift|duty|roster|rostered|tour)? ?(?:ends?|off|to|until|finish(?:es)?)(?: (?:at|on|date|time|"
        r"datetime))*|"
        r"book(?:ed)? off",
        weak=r"end|finish",
    ),
    FieldWords(field="hour_of_week", kinds=("number",), strong=r"hour (?:of )?week|week hour"),
)

_KIT = (
    FieldWords(
        field="kit_event_id", kinds=("key",), strong=rf"(?:ledger|row|transaction|movement|entry|event) {_REFERENCE}"
    ),
    FieldWords(
        field="kit_token",
        kinds=("key", "category", "number"),
        strong=rf"(?:naloxone )?kit(?: (?:serial|{_REFERENCE}))*|serial(?: (?:no|number))?|device {_REFERENCE}",
    ),
    _CARRIER[1],
    FieldWords(
        field="base",
        kinds=("category", "text"),
        strong=r"(?:\w+ )?(?:base|station|location|depot|site)(?: name)?|police station",
    ),
    FieldWords(
        field="event",
        kinds=("category",),
        strong=r"(?:kit )?(?:event|status|action|movement|transaction)(?: type)?|what happened|reason",
    ),
    FieldWords(
        field="event_on",
        kinds=("date", "time", "excel"),
        strong=r"(?:event|status|action|movement|transaction|issued?|used|returned)(?: (?:date|on|at))+|"
        r"date(?: (?:issued|used|returned|event|of))*|when",
    ),
    FieldWords(
        field="lot", kinds=("key", "category", "number", "text"), strong=r"(?:lot|batch)(?: (?:no|number|code))*"
    ),
    FieldWords(
        field="expires_on",
        kinds=("date", "time", "month", "excel"),
        strong=r"(?:kit )?(?:expir(?:y|es|ation)|exp|use by|best before)(?: (?:date|on))*|expires?",
    ),
    FieldWords(
        field="kits",
        kinds=("number",),
        strong=r"(?:number|no|quantity|qty|count|how many)(?: kits?)?(?: issued)?|kits|quantity",
    ),
)

_REQUEST = (
    FieldWords(field="request_id", kinds=("key",), strong=rf"(?:request|call|log|incident) {_REFERENCE}|{_REFERENCE}"),
    FieldWords(
        field="occurred_at",
        kinds=("time", "date", "excel"),
        strong=rf"(?:request(?:ed)?|asked|call)(?: (?:at|on|{_WHEN}))+|{_WHEN}(?: (?:requested|request|asked|call))*|"
        r"date and time|date time",
    ),
    FieldWords(
        field="found",
        kinds=("yes_no", "category"),
        strong=r"(?:carrier )?(?:found|available|located|attended)|carrier (?:found|available).*",
    ),
    FieldWords(
        field="minutes",
        kinds=("number",),
        strong=r"(?:minutes|mins|time)(?: .*)?(?:arriv.*|scene|attend.*)|minutes|mins|time to attend.*|"
        r"response minutes",
    ),
    *_PLACE,
)

_FOLLOW_UP = (
    FieldWords(field="follow_up_id", kinds=("key",), strong=rf"(?:follow up|referral|step|contact) {_REFERENCE}"),
    FieldWords(
        field="administration_id",
        kinds=("key",),
        strong=rf"(?:administration|{_INCIDENT}|naloxone) {_REFERENCE}(?: {_REFERENCE})?",
        exact=r"reference(?: number)?|ref|urn|occurrence|incident|id",
        weak=r"reference|ref|urn|id",
        unlike=r"person|nominal|patient|subject|officer|collar|referral|follow|step|contact|date|time",
    ),
    FieldWords(
        field="step",
        kinds=("category",),
        strong=r"(?:follow up )?(?:step|stage|status|action|outcome)(?: taken)?|what happened",
    ),
    FieldWords(
        field="at",
        kinds=("time", "date", "excel"),
        strong=rf"(?:step|stage|status|action|contact|referral|referred|contacted)(?: (?:at|on|{_WHEN}))+|{_WHEN}|at|"
        r"date (?:of )?(?:referral|contact|referred|contacted|action|step)",
    ),
    FieldWords(
        field="due_at",
        kinds=("time", "date", "excel"),
        strong=r"(?:\w+ )?due(?: (?:at|on|by|date|time))*|deadline|(?:target|72 hour) (?:date|time|deadline)",
    ),
)

_RISK = (
    FieldWords(
        field="risk_event_id",
        kinds=("key",),
        strong=rf"(?:crime|{_INCIDENT}|call|death|event) {_REFERENCE}(?: {_REFERENCE})?|{_REFERENCE}|urn",
        weak=_REFERENCE,
    ),
    FieldWords(
        field="occurred_at",
        kinds=("time", "date", "month", "excel"),
        strong=rf"month|(?:call|incident|event|occurred|death|crime)(?: (?:at|on|{_WHEN}))+|{_WHEN}|date and time|"
        r"date (?:of )?(?:death|incident|call|event)|t ?0|call connect.*",
        weak=rf"{_WHEN}|created|received",
    ),
    FieldWords(
        field="kind",
        kinds=("category",),
        strong=r"(?:crime|event|incident|call) (?:type|kind|category)|kind|type",
        weak=r"type|category|nature|chief complaint|determinant",
    ),
    *_PLACE,
)

_WAIT = (
    FieldWords(field="wait_id", kinds=("key",), strong=rf"(?:wait|cad|call|ambulance)(?: \w+)? {_REFERENCE}|cad"),
    FieldWords(
        field="incident_id",
        kinds=("key",),
        strong=rf"(?:police|force|niche|storm)(?: \w+)? {_REFERENCE}|(?:incident|occurrence) {_REFERENCE}",
        weak=_REFERENCE,
    ),
    FieldWords(field="kind", kinds=("category",), strong=r"kind|wait kind"),
    FieldWords(field="clock", kinds=("category",), strong=r"clock|source clock"),
    *(
        FieldWords(field=each.field.removeprefix("wait."), kinds=each.kinds, strong=each.strong, weak=each.weak)
        for each in _FORM
        if each.field.startswith("wait.")
    ),
)

_POPULATION = (
    FieldWords(
        field="population_id", kinds=("key",), strong=rf"(?:area|lsoa|oa|place|postcode)(?: {_REFERENCE})*|code"
    ),
    FieldWords(
        field="persons", kinds=("number",), strong=r"(?:persons?|people|population|residents?|usual residents?)(?: .*)?"
    ),
    FieldWords(field="year", kinds=("number",), strong=r"(?:mid )?year"),
    *_PLACE,
)

_WORDS = {
    "administrations": (*_FORM, *_PLACE),
    "carriers": (*_CARRIER, *(replace(each, never="") for each in _PLACE if each.field in ("place.x", "place.y"))),
    "shifts": _SHIFT,
    "kits": _KIT,
    "requests": _REQUEST,
    "follow_up": _FOLLOW_UP,
    "risk_events": _RISK,
    "waits": _WAIT,
    "populations": _POPULATION,
}

# What only a file for the table has among its headings: each that is found speaks for the table, by its weight.
TABLE_SIGNS: dict[str, tuple[tuple[str, float], ...]] = {
    "administrations": (
        (r"naloxone|narcan|nyxoid|actuations?|doses? (?:given|delivered|administered)|resupply", 2.0),
        (r"recovery position|rescue breaths?|chest compressions?|tilted head|cleared airways?|paraphernalia", 2.0),
        (r"substances?|paramedics?|conscious(?:ness)?|hospital", 1.0),
    ),
    "carriers": (
        (r"train(?:ed|ing)|refresher|refreshed|carrier|carriage", 2.0),
        (r"valid (?:from|to)|role|rank", 1.0),
    ),
    "shifts": ((r"shift|roster|rostered|duty|hour week|book(?:ed)? o(?:n|ff)", 3.0),),
    "kits": ((r"expir(?:y|es|ation)|lot|batch|serial|kits?", 1.5), (r"issued|returned", 1.0)),
    "requests": ((r"carrier (?:found|available)|requested|request(?: \w+)?", 2.5),),
    "follow_up": (
        (r"referral|referred|follow up|consent(?:ed)?|engaged", 2.5),
        (r"due|deadline|step|contacted", 1.0),
    ),
    "risk_events": (
        (r"falls within|lsoa(?: \w+)?|reported by|crime type|last outcome category|month", 2.0),
        (r"overdose calls?|chief complaint|drug related death|date (?:of )?death|(?:cause|manner) (?:of )?death", 2.5),
        (r"nature(?! place| scene| location)|offen[cs]e|call (?:type|nature|description)", 2.0),
    ),
    "waits": (),
    "populations": ((r"population|residents|usual residents|persons", 3.0),),
}


def field_words(table: str) -> tuple[FieldWords, ...]:
    """The fields that a file for `table` may fill, with how they are headed; none for other tables."""
    return _WORDS.get(table, ())
