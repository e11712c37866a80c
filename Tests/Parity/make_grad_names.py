#!/usr/bin/env python3
"""Writes what PyTorch prints as grad_fn for each result of each operator case of the sample: grad_names.json, beside the cases.

    pip install 'torch==2.13.0+cpu' numpy expecttest hypothesis && python Tests/Parity/make_grad_names.py Tests/Parity/Sample
"""
import json
import os
import sys

import torch
from torch.testing._internal.common_methods_invocations import op_db

TYPES = {name: getattr(torch, name) for name in ("float32", "float64", "float16", "bfloat16", "complex64", "complex128", "int64",
                                                 "int32", "int16", "int8", "uint8", "bool")}


def value(v, blob):
    """The Python value that a case's JSON means."""
    if isinstance(v, list):
        return [value(x, blob) for x in v]
    if not isinstance(v, dict):
        return v
    if len(v) == 1:
        (key, inner), = v.items()
        if key == "$tensor":
            count = inner["bytes"] // torch.empty(0, dtype=TYPES[inner["dtype"]]).element_size()
            data = torch.frombuffer(bytearray(blob), dtype=TYPES[inner["dtype"]], count=count, offset=inner["offset"]) if count else \
                torch.empty(0, dtype=TYPES[inner["dtype"]])
            return data.clone().reshape(inner["shape"]).requires_grad_(inner.get("grad", False))
        if key == "$float":
            return float(inner)
        if key == "$complex":
            return complex(*inner)
        if key == "$dtype":
            return getattr(torch, inner)
        if key == "$slice":
            return slice(*inner)
        if key == "$ellipsis":
            return Ellipsis
    return {k: value(x, blob) for k, x in v.items()}


def tensors(x):
    if isinstance(x, torch.Tensor):
        return [x]
    if isinstance(x, (list, tuple)):
        return [t for y in x for t in tensors(y)]
    return []


def called(op, args, kwargs):
    """PyTorch takes some lists as tuples alone."""
    tried = ([], lambda a: a), ([], lambda a: tuple(a) if isinstance(a, list) else a)
    for _, change in tried:
        try:
            return op(*[change(a) for a in args], **kwargs)
        except (TypeError, RuntimeError) as error:
            last = error
    # In place: not on a tensor that asks for its gradient itself.
    try:
        return op(args[0].clone(), *args[1:], **kwargs)
    except (TypeError, RuntimeError, AttributeError):
        raise last


def main():
    folder = sys.argv[1]
    ops = {(op.name, op.variant_test_name): op for op in op_db}
    blob = open(os.path.join(folder, "cases", "tensors.bin"), "rb").read()
    names, unknown = {}, []
    for line in open(os.path.join(folder, "cases", "lines.jsonl")):
        case = json.loads(line)
        if case["kind"] != "op" or "grad_out" not in case:
            continue
        try:
            out = called(ops[case["op"], case["variant"]], value(case["args"], blob), value(case["kwargs"], blob))
        except Exception as error:
            unknown.append(f"{case['id']}: {str(error).splitlines()[0][:120]}")
            continue
        names[case["id"]] = [type(t.grad_fn).__name__ if t.grad_fn else "" for t in tensors(out) if t.requires_grad]
    with open(os.path.join(folder, "grad_names.json"), "w") as file:
        rows = ",\n".join(f"{json.dumps(id)}: {json.dumps(name)}" for id, name in names.items())
        file.write("{\n" + rows + "\n}\n")
    print(f"{len(names)} cases; PyTorch would not take {len(unknown)} as they stand:", *unknown, sep="\n")


if __name__ == "__main__":
    main()
