"""Blocks of days that were entered twice: under other keys, with moved places, or with another time precision.

Two entries of one event share what the second kept of the first: the minute, the minute but for one offset, the hour,
or only the day; the place to within some distance, or but for one move of all places; what the form says of the person.
For each combination of these (a Kind of pair) the number of events of each day that have a double is compared with what
chance gives, and the run of days is sought whose doubles are the least likely.

The score of a run is the log-likelihood ratio of doubles being q times as many as chance gives (q = 2, 5, 10, 20, 100),

    sum over days of  n ln q - (q - 1) e      (n found, e expected by chance)

Under chance exp(score) has mean 1 over any run of days, so that by Ville's inequality no run of a file reaches s but
with probability under days x kinds x 5 x exp(-s); s is chosen so that this is FALSE_BLOCKS a file. No day adds more
than a third of s: a cluster of one or two days, however dense, is no block. What chance gives is taken from how often
any two events of the file agree; where a run is found it is counted again, in those days, between each day and the days
1 to 21 days off, so that a real cluster of places or a month of records to the hour is no block either, and beside what
doubles there are on all other days, so that a habit (two people of one incident) is none.

Where every day has doubles by chance, two other searches look at how many there are: `evened`, of points that all have
an even number of events, and `contained`, of dates never more than the timed events at their point. `extent` then
follows the block to its ends and pairs all of its events. `search` is the whole, in order.

What is not found has no trace in the file: fewer than five doubles; about ten dates alone at the middles of areas, or
moved, without details; dates alone that were each moved by some hundred metres in a town with dozens of events a day,
without details. Of a copy that differs from its first entry in nearly everything, and of a day with two events that
happen to agree just before or after a block, no file tells what they are: the count may be one off for each.
"""

from data.quality.blocks.model import Block
from data.quality.blocks.search import DAYS_BESIDE, find_blocks

__all__ = ["DAYS_BESIDE", "Block", "find_blocks"]
