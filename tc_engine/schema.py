"""The event table: the one schema that collector, ingest and engine share.

A row is either a call (`kind = 'call'`: one row from entry to exit) or an observation of a
variable's state (`kind = 'state'`: all attributes at one moment). What every relation filters or
joins on is a typed column; what varies from program to program is JSON.

Missing and null stay apart: a key that was not recorded is absent from the JSON object, a recorded
`None` is JSON null. A typed column holds NULL only for "not recorded"; `meta` keeps whatever does
not fit the typed column (a step that is null or a string, say).
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa


@dataclass(frozen=True)
class Column:
    """A column of the event table: its name, Arrow type and meaning."""

    name: str
    type: pa.DataType
    meaning: str


_JSON = pa.json_()

COLUMNS: tuple[Column, ...] = (
    Column("kind", pa.string(), "'call' or 'state'"),
    Column("process_id", pa.int64(), "the process: its id on its host, made unique in the run"),
    Column("thread_id", pa.int64(), "id of the thread inside its process"),
    Column("event_id", pa.int64(), "serial number in the process, in order of start_ts; unique"),
    Column("start_ts", pa.int64(), "ns, monotonic clock of the host: call entered, state observed"),
    Column("end_ts", pa.int64(), "ns: call returned or raised; NULL while open, and for states"),
    Column("outcome", pa.string(), "call: 'ok', 'exception' or 'incomplete' (never returned)"),
    Column("parent_id", pa.int64(), "call: event_id of the innermost enclosing call of its thread"),
    Column("function", pa.string(), "call: full dotted name"),
    Column("parameters", _JSON, "call: names of the positional parameters in order, where known"),
    Column("receiver", pa.int64(), "call: number of the object a method is bound to, else NULL"),
    Column("source", pa.string(), "call: file:line in the program's code, where that called it"),
    Column("args", _JSON, 'call: {"0": {type name: value}, ...}; NULL: not recorded'),
    Column("kwargs", _JSON, "call: {name: {type name: value}, ...}; NULL: not recorded"),
    Column("result", _JSON, "call: {type name: value}, or a list of them for a tuple"),
    Column("exception", pa.string(), "call: type name of the exception that left it"),
    Column("exception_message", pa.string(), "call: its text"),
    Column("variable", pa.string(), "state: name, such as model.conv1.weight"),
    Column("variable_type", pa.string(), "state: type name, such as torch.nn.Parameter"),
    Column("attributes", _JSON, "state: attribute -> value; `data` and `grad` are fingerprints"),
    Column("cause_id", pa.int64(), "state: event_id of the call that caused the change, if known"),
    Column("step", pa.int64(), "training step at the start of the event"),
    Column("stage", pa.string(), "init, training, evaluation, testing, ..."),
    Column("meta", _JSON, "other annotations: ranks, context_managers, anything the user sets"),
    Column("source_id", pa.string(), "the call's id in the format it was ingested from"),
    Column("extra", _JSON, "fields of that format that have no column here"),
)

EVENT_SCHEMA = pa.schema([pa.field(column.name, column.type) for column in COLUMNS])
