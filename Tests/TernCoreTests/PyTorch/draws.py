"""Writes what PyTorch's CPU generator draws to draws.json, beside this file: of each case, three draws one after the other.

    pip install torch==2.13.0 && python Tests/TernCoreTests/PyTorch/draws.py

Sizes stand on both sides of the 16 elements from which PyTorch draws normal numbers in blocks.
"""
import json
import pathlib

import torch

SEED = 2024
cases = []


def add(kind, dtype, size, draw, **arguments):
    torch.manual_seed(SEED)
    draws = []
    for _ in range(3):
        x = draw()
        x = (torch.view_as_real(x) if x.is_complex() else x).flatten().to(torch.float64)
        draws.append([x[0].item(), x[-1].item(), x.sum().item()])
    cases.append({"kind": kind, "dtype": str(dtype).removeprefix("torch."), "size": size, **arguments, "draws": draws})


for dtype in (torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.complex64, torch.complex128):
    for n in (1, 7, 15, 16, 17, 33, 100):
        add("rand", dtype, n, lambda: torch.rand(n, dtype=dtype))
        add("normal", dtype, n, lambda: torch.empty(n, dtype=dtype).normal_(3, 0.5))
        if dtype.is_complex:
            continue
        add("exponential", dtype, n, lambda: torch.empty(n, dtype=dtype).exponential_(1.5))
        add("bernoulli", dtype, n, lambda: torch.bernoulli(torch.full((n,), 0.3, dtype=dtype)))
        add("tensors", dtype, n, lambda: torch.normal(torch.full((n,), 2.0, dtype=dtype), torch.full((n,), 0.5, dtype=dtype)))
for dtype in (torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.float32):
    for n in (1, 16, 100):
        add("randint", dtype, n, lambda: torch.randint(0, 100, (n,), dtype=dtype))
        add("randperm", dtype, n, lambda: torch.randperm(n, dtype=dtype))
for rows in (1, 3):
    weights = torch.tensor([[0.5, 3.0, 0.0, 1.25, 7.0, 2.0]]).expand(rows, 6)
    for count, replacement in ((1, False), (4, False), (1, True), (20, True)):
        add("multinomial", torch.float32, rows, lambda: torch.multinomial(weights, count, replacement), count=count, replacement=replacement)
here = pathlib.Path(__file__).resolve().parent
lines = ",\n".join(json.dumps(case) for case in cases)
(here / "draws.json").write_text(f'{{"seed": {SEED}, "cases": [\n{lines}\n]}}\n')
