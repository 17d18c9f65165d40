"""The records of a log, as far as kirie reads them: protobuf messages, defined here and built when this is imported.

The numbers are those of W&B's wandb_internal.proto; a format of this kind may gain fields and never changes the number
of one, and fields that are not named here are stepped over. Importing W&B's own classes would import wandb.

Messages whose entries are many, or that are often not wanted, are left as bytes, to be read when they are.
"""

from __future__ import annotations

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_PACKAGE = "kirie.runlog"

_KINDS = {
    "history": 2, "summary": 3, "output": 4, "config": 5, "files": 6, "stats": 7, "artifact": 8, "tbrecord": 9,
    "alert": 10, "telemetry": 11, "metric": 12, "output_raw": 13, "run": 17, "exit": 18, "final": 20, "header": 21,
    "footer": 22, "preempting": 23, "noop_link_artifact": 24, "use_artifact": 25, "environment": 26,
    "output_logger": 27, "request": 100,
}  # fmt: skip
"""What a record may be, by the number of the field that holds it."""

_MESSAGES: dict[str, dict[str, tuple[int, str]]] = {
    # History, summary and configuration alike: what is set, and what is taken away (a history has its step there)
    "Items": {"update": (1, "bytes*"), "remove": (2, "bytes*")},
    "Item": {
        "key": (1, "string"),
        "nested_key": (2, "string*"),
        "none": (3, "int32?"),
        "boolean": (4, "bool?"),
        "integer": (5, "sint64?"),
        "number": (6, "double?"),
        "text": (7, "string?"),
        "json": (8, "bytes?"),
        "value_json": (16, "bytes?"),
    },
    "Step": {"num": (1, "int64")},
    "Time": {"seconds": (1, "int64"), "nanos": (2, "int32")},
    "Git": {"remote": (1, "string"), "commit": (2, "string")},
    "Run": {
        "run_id": (1, "string"),
        "entity": (2, "string"),
        "project": (3, "string"),
        "config": (4, "bytes"),
        "summary": (5, "bytes"),
        "group": (6, "string"),
        "job_type": (7, "string"),
        "name": (8, "string"),
        "notes": (9, "string"),
        "tags": (10, "string*"),
        "sweep": (12, "string"),
        "host": (13, "string"),
        "start_time": (17, "Time"),
        "git": (21, "Git"),
    },
    "Exit": {"exit_code": (1, "int32"), "runtime": (2, "int32")},
    "Output": {"time": (2, "Time"), "line": (3, "string")},
    "StatsItem": {"key": (1, "string"), "value_json": (16, "bytes")},
    "Stats": {"time": (2, "Time"), "item": (3, "StatsItem*")},
    "Version": {"producer": (1, "string")},
    "Header": {"version": (1, "Version")},
    "Cpu": {"model": (1, "string")},
    "Memory": {"total": (1, "uint64")},
    "Gpu": {"name": (1, "string"), "memory_total": (2, "uint64")},
    "Environment": {
        "os": (1, "string"),
        "python": (2, "string"),
        "args": (5, "string*"),
        "program": (6, "string"),
        "git": (9, "Git"),
        "host": (12, "string"),
        "cpu_count": (16, "uint32"),
        "cpu_count_logical": (17, "uint32"),
        "gpu_type": (18, "string"),
        "gpu_count": (19, "uint32"),
        "memory": (21, "Memory"),
        "cpu": (22, "Cpu"),
        "gpu_nvidia": (24, "Gpu*"),
        "cuda_version": (25, "string"),
    },
    "Record": {},
}


def _build() -> dict[str, Any]:
    field = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name=f"{_PACKAGE}.proto", package=_PACKAGE, syntax="proto3")
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for field_name, (number, words) in fields.items():
            kind = words.rstrip("*?")
            added = message.field.add(name=field_name, number=number)
            added.label = field.LABEL_REPEATED if words.endswith("*") else field.LABEL_OPTIONAL
            if kind in _MESSAGES:
                added.type, added.type_name = field.TYPE_MESSAGE, f".{_PACKAGE}.{kind}"
            else:
                added.type = field.Type.Value(f"TYPE_{kind.upper()}")
            if words.endswith("?"):
                added.proto3_optional, added.oneof_index = True, len(message.oneof_decl)
                message.oneof_decl.add(name=f"_{field_name}")
        if name == "Record":
            message.oneof_decl.add(name="kind")
            for field_name, number in _KINDS.items():
                message.field.add(
                    name=field_name, number=number, label=field.LABEL_OPTIONAL, type=field.TYPE_BYTES, oneof_index=0
                )
    # A pool of its own: wandb's classes may live in the same process
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{name}")) for name in _MESSAGES
    }


_BUILT = _build()

Record, Items, Item = _BUILT["Record"], _BUILT["Items"], _BUILT["Item"]
Run, Exit, Output, Stats = _BUILT["Run"], _BUILT["Exit"], _BUILT["Output"], _BUILT["Stats"]
Step, Header, Environment = _BUILT["Step"], _BUILT["Header"], _BUILT["Environment"]
