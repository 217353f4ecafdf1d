"""Drafting a mapping: from headings and a sample of rows to a first reading of a file, for a person to correct."""

from data.drafting.draft import draft_mapping
from data.drafting.results import Draft, DraftError, FieldDraft, Question, UnknownValues, UnusedColumn

__all__ = ["Draft", "DraftError", "FieldDraft", "Question", "UnknownValues", "UnusedColumn", "draft_mapping"]
