"""Blocks of days that were entered twice: under other keys, with moved places, or with another time precision.

Two entries of one event share what the second kept of the first: the minute, the minute but for one offset, the hour,
or only the day; the place to within some distance; what the form says of the person. For each combination of these (a
`_Kind` of pair) the number of events of each day that have a double is compared with what chance gives, and the run of
days is sought whose doubles are the least likely.

The score of a run is the log-likelihood ratio of doubles being q times as many as chance gives (q = 2, 5, 20, 100),

    sum over days of  n ln q - (q - 1) e      (n found, e expected by chance)

Under chance exp(score) has mean 1 over any run of days, so that by Ville's inequality no run of a file reaches s but
with probability under days x kinds x 4 x exp(-s); s is chosen so that this is FALSE_BLOCKS a file. No day adds more
than a third of s: a cluster of one or two days, however dense, is no block. What chance gives is taken from how often
any two events of the file agree; where a run is found it is counted again, in those days, between each day and the days
1 to 21 days off, so that a real cluster of places or a month of records to the hour is no block either, and beside what
doubles there are on all other days, so that a habit (two people of one incident) is none.
"""

from data.quality.blocks.model import Block
from data.quality.blocks.search import DAYS_BESIDE, find_blocks

__all__ = ["DAYS_BESIDE", "Block", "find_blocks"]
