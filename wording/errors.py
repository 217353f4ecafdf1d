"""The base of every error that a user may read."""

__all__ = ["NaloxoneWatchError"]


class NaloxoneWatchError(Exception):
    """An error whose text is a whole sentence: what is wrong, and what to do about it.

    Subclasses build their own sentence through `_()`. They never carry a value from a record: it may be a name
    in the wrong column. Pages and commands catch this class at their edge and show the sentence.
    """
