"""Reading a file: text and workbooks as rows of text cells, in bounded memory, with nothing guessed or copied."""

from data.reading.file_rows import UnreadableFileError
from data.reading.source import Block, FileSample, SourceTable, filled_rows, frame_table, open_table, sample_file

__all__ = [
    "Block",
    "FileSample",
    "SourceTable",
    "UnreadableFileError",
    "filled_rows",
    "frame_table",
    "open_table",
    "sample_file",
]
