"""Rows of text into records of the schema, a block at a time, pseudonymised as they are read.

One record a row, as wide as the mapping asks; `data.tables` makes the schema's tables of them. What cannot be used goes
to the quarantine log, by its place in the file. Each subject has a module, whose functions read it of one block:

* `reader`: which rows are taken, the order of reading, what a row that waits leaves behind
* `work`: the block, its cells, and how a cell or a whole row is set aside; `notes`: what was noticed in the file so far
* `keys`: the keys of records, rows and doses; `second_file`: which record a row of a second file adds to
* `times`, `places`, `people`, `officers` (and kits), `substances`, `doses`, `waits`
* `fields`: what fills one field of a table, by its type; `choices` and `numbers` are two of the types
* `identifying_texts`: names and keys that slipped into a text
"""

from data.records.doses import doses_of_each
from data.records.reader import RecordReader
from data.records.substances import NO_SUBSTANCE, PAIR_MARK, SUBSTANCE_MARK

__all__ = ["NO_SUBSTANCE", "PAIR_MARK", "SUBSTANCE_MARK", "RecordReader", "doses_of_each"]
