"""How files for each table head their columns, and which headings speak for a table."""

from dataclasses import replace

from data.drafting.field_patterns import (
    INCIDENT,
    OFFICER,
    PLACE,
    REFERENCE,
    WHEN,
    FieldWords,
)
from data.drafting.form_words import FORM

__all__ = ["TABLE_SIGNS", "WORDS"]

# When a training falls due is not when it was.
_STILL_TO_COME = r"due|next|deadline|expir(?:y|es|ed|ation)|renewals?|renew|valid|until|booked|planned|required"
# What a place or a kind of thing is coded by comes again in many rows: no record's number.
_NO_NUMBER = (
    r"zip|post ?code|post|area|beat|ward|lsoa|msoa|tract|district|sector|division|county|town|city|place|station|fips|"
    r"neighbou?rhood|type|category|kind|class|offen[cs]e|nature|reason|status|priority|outcome|disposition"
)

_CARRIER = (
    FieldWords(field="carrier_id", kinds=("key",), strong=rf"carrier {REFERENCE}"),
    FieldWords(
        field="officer_token",
        kinds=("key", "number", "category", "text", "name"),
        strong=rf"(?:officer|collar|warrant|shoulder|carrier|holder|staff|employee)(?: {REFERENCE})*|(?:issued|"
        rf"allocated|"
        rf"assigned) to|{OFFICER} {REFERENCE}|used by|held by",
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
        never=_STILL_TO_COME,
        strong=r"(?:date )?(?:first |initial )?train(?:ed|ing)(?: (?:date|on|completed|completion))*|date trained",
    ),
    FieldWords(
        field="refreshed_on",
        kinds=("date", "time", "excel"),
        never=_STILL_TO_COME,
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
    FieldWords(field="shift_id", kinds=("key",), strong=rf"(?:shift|duty|roster) {REFERENCE}"),
    _CARRIER[1],
    FieldWords(
        field="starts_at",
        kinds=("time", "date", "excel"),
        strong=rf"(?:shift|duty|roster|rostered|tour)? ?(?:starts?|on|from|begins?|commences?)(?: (?:at|on|{WHEN}))*|"
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
        field="kit_event_id", kinds=("key",), strong=rf"(?:ledger|row|transaction|movement|entry|event) {REFERENCE}"
    ),
    FieldWords(
        field="kit_token",
        kinds=("key", "category", "number"),
        strong=rf"(?:naloxone )?kit(?: (?:serial|{REFERENCE}))*|serial(?: (?:no|number))?|device {REFERENCE}",
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
    FieldWords(field="request_id", kinds=("key",), strong=rf"(?:request|call|log|incident) {REFERENCE}|{REFERENCE}"),
    FieldWords(
        field="occurred_at",
        kinds=("time", "date", "excel"),
        strong=rf"(?:request(?:ed)?|asked|call)(?: (?:at|on|{WHEN}))+|{WHEN}(?: (?:requested|request|asked|call))*|"
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
    *PLACE,
)

_FOLLOW_UP = (
    FieldWords(field="follow_up_id", kinds=("key",), strong=rf"(?:follow up|referral|step|contact) {REFERENCE}"),
    FieldWords(
        field="administration_id",
        kinds=("key",),
        strong=rf"(?:administration|{INCIDENT}|naloxone) {REFERENCE}(?: {REFERENCE})?",
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
        strong=rf"(?:step|stage|status|action|contact|referral|referred|contacted)(?: (?:at|on|{WHEN}))+|{WHEN}|at|"
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
        strong=rf"(?:crime|{INCIDENT}|call|death|event) {REFERENCE}(?: {REFERENCE})?|{REFERENCE}|urn",
        weak=REFERENCE,
        never=rf"(?:{_NO_NUMBER}) (?:code|id|no|number)",
    ),
    FieldWords(
        field="occurred_at",
        kinds=("time", "date", "month", "excel"),
        strong=rf"month|(?:call|incident|event|occurred|death|crime)(?: (?:at|on|{WHEN}))+|{WHEN}|date and time|"
        r"date (?:of )?(?:death|incident|call|event)|t ?0|call connect.*",
        weak=rf"{WHEN}|created|received",
    ),
    FieldWords(
        field="kind",
        kinds=("category",),
        strong=r"(?:crime|event|incident|call) (?:type|kind|category)|kind|type",
        weak=r"type|category|nature|chief complaint|determinant",
    ),
    *PLACE,
)

_WAIT = (
    FieldWords(field="wait_id", kinds=("key",), strong=rf"(?:wait|cad|call|ambulance)(?: \w+)? {REFERENCE}|cad"),
    FieldWords(
        field="incident_id",
        kinds=("key",),
        strong=rf"(?:police|force|niche|storm)(?: \w+)? {REFERENCE}|(?:incident|occurrence) {REFERENCE}",
        weak=REFERENCE,
    ),
    FieldWords(field="kind", kinds=("category",), strong=r"kind|wait kind"),
    FieldWords(field="clock", kinds=("category",), strong=r"clock|source clock"),
    *(
        FieldWords(field=each.field.removeprefix("wait."), kinds=each.kinds, strong=each.strong, weak=each.weak)
        for each in FORM
        if each.field.startswith("wait.")
    ),
)

_POPULATION = (
    FieldWords(field="population_id", kinds=("key",), strong=rf"(?:area|lsoa|oa|place|postcode)(?: {REFERENCE})*|code"),
    FieldWords(
        field="persons", kinds=("number",), strong=r"(?:persons?|people|population|residents?|usual residents?)(?: .*)?"
    ),
    FieldWords(field="year", kinds=("number",), strong=r"(?:mid )?year"),
    *PLACE,
)

WORDS = {
    "administrations": (*FORM, *PLACE),
    "carriers": (*_CARRIER, *(replace(each, never="") for each in PLACE if each.field in ("place.x", "place.y"))),
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
