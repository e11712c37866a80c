"""Writes what PyTorch prints for many tensors to printing.json, beside this file.

    pip install torch==2.13.0 && python Tests/TernCoreTests/PyTorch/printing.py

Of each: dtype, shape, elements (little-endian, in base64), how it is shown (plain, leaf, parameter, result of exp, one of a state dict),
the options that are not the defaults, and the text.
"""
import base64
import collections
import itertools
import json
import pathlib

import torch

OPTIONS = {"precision": 4, "threshold": 1000, "edgeitems": 3, "linewidth": 80, "profile": None, "sci_mode": None}
generator = torch.Generator().manual_seed(5)
cases = []


def add(t, form="plain", **options):
    torch.set_printoptions(profile="default")
    torch.set_printoptions(sci_mode=None)
    if options.pop("profile", None) == "short":
        options |= {"precision": 2, "edgeitems": 2}
    torch.set_printoptions(**options)
    t = t.detach().contiguous()
    shown = {
        "plain": lambda: repr(t), "leaf": lambda: repr(t.requires_grad_()), "parameter": lambda: repr(torch.nn.Parameter(t)),
        "exp": lambda: repr(t.requires_grad_().exp()),
        "state dict": lambda: repr(collections.OrderedDict([("net.0.weight", t), ("it's", t)])),
    }
    text = shown[form]()
    t = t.detach()
    raw = torch.view_as_real(t).contiguous() if t.is_complex() else t
    data = (raw.view(torch.int16) if raw.dtype == torch.bfloat16 else raw).numpy().tobytes()
    case = {"dtype": str(t.dtype).removeprefix("torch."), "shape": list(t.shape), "data": base64.b64encode(data).decode(), "form": form}
    cases.append(case | {"options": {k: v for k, v in options.items() if v is not None}, "text": text})


def normal(*shape, scale=1.0):
    return torch.randn(shape, generator=generator, dtype=torch.float64) * scale


inf, nan = float("inf"), float("nan")
FLOATS = (torch.float32, torch.float64, torch.float16, torch.bfloat16)
INTEGERS = (torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8)
SHAPES = [(), (1,), (7,), (0,), (2, 0, 3), (2, 4), (3, 1), (1, 20), (2, 3, 4), (2, 1, 2, 3)]
SPECIAL = [
    [nan], [inf, -inf], [nan, nan], [1, nan, inf, -inf], [nan, 1.5], [-0.0, 0.0, 1.0], [-0.0], [-0.0, 0.25], [1e-8, 1.0], [1.0, 1e8], [0.1, 12345.0],
    [1e-5, 2e-5], [1e-40, 1.0], [99999.0, 1.0], [100000000.0, 1.0], [1000.5, 0.5], [1001.5, 0.5], [0.5, inf], [1e10, nan], [3.0, -inf, 1e9],
    [0.99995, 0.5], [0.999951, 9.99995], [1e-4, 0.5], [2.5, 3.5, 4.5], [65504.0, 1.0], [0.0, 0.0], [1 / 3, 2 / 3, 1e3 / 3],
]
for dtype in FLOATS:
    for shape, scale in itertools.product(SHAPES, (1, 1e3, 1e-6)):
        add(normal(*shape, scale=scale).to(dtype))
    for values in SPECIAL:
        add(torch.tensor(values, dtype=torch.float64).to(dtype))
    add(normal(1001).to(dtype))
    add((normal(3, 5) * 10).round().to(dtype))
for dtype in INTEGERS:
    for shape in SHAPES + [(40,)]:
        add(torch.randint(-100 if dtype.is_signed else 0, 100, shape, generator=generator).to(dtype))
    add(torch.tensor([torch.iinfo(dtype).min, 0, torch.iinfo(dtype).max], dtype=dtype))
    add(torch.arange(1100).to(dtype))
for shape in SHAPES + [(30,), (3, 400)]:
    add(torch.randint(0, 2, shape, generator=generator, dtype=torch.bool))
for dtype in (torch.complex64, torch.complex128):
    for shape, scale in itertools.product(SHAPES, (1, 1e5, 1e-6)):
        add(torch.complex(normal(*shape, scale=scale), normal(*shape)).to(dtype))
    parts = [[1, 2], [1.5, 2], [-0.0, 0.0], [nan, 1.5], [inf, -inf], [1e-8, 1], [1e9, 1], [0.25, -10]]
    for real, imaginary in itertools.product(parts, parts):
        add(torch.complex(torch.tensor(real, dtype=torch.float64), torch.tensor(imaginary, dtype=torch.float64)).to(dtype))
    add(torch.complex(normal(1001), normal(1001)).to(dtype))
for shape in [(40,), (12, 30), (60, 20), (30, 2, 20), (2, 600), (7, 3, 3, 20)]:
    add(normal(*shape).float())
samples = [normal(3, 14).float(), normal(40).float() * 1e4, torch.arange(60).reshape(2, 30), torch.complex(normal(9), normal(9)).to(torch.complex64),
           torch.tensor([1e-8, 1.0, inf, -0.0]), torch.arange(24.0).reshape(2, 3, 4), normal(2, 2), torch.arange(10) > 4, torch.tensor(1234.5678)]
for t in samples:
    for options in [{"precision": n} for n in (0, 1, 2, 6, 8)] + [{"linewidth": n} for n in (20, 40, 79, 120, 200)] + [
            {"threshold": 5}, {"threshold": 5, "edgeitems": 1}, {"threshold": 10, "edgeitems": 2, "linewidth": 40}, {"sci_mode": True},
            {"sci_mode": False}, {"sci_mode": True, "precision": 2, "linewidth": 60}, {"sci_mode": False, "precision": 1}, {"profile": "short"},
            {"threshold": 1 << 40}]:
        add(t, **options)
    for form in ("leaf", "parameter", "exp") if t.is_floating_point() or t.is_complex() else ():
        add(t, form)
        add(t, form, linewidth=40)
    add(t, "state dict")
for t in (normal(5).float(), normal(6).float(), normal(7), normal(8).to(torch.bfloat16), torch.zeros(0), torch.zeros(0, 3), torch.tensor(2.5)):
    for form in ("leaf", "parameter", "exp", "state dict"):
        add(t, form)
file = pathlib.Path(__file__).resolve().parent / "printing.json"
file.write_text("[\n" + ",\n".join(json.dumps(case, ensure_ascii=False) for case in cases) + "\n]\n")
print(f"{len(cases)} texts, {file.stat().st_size} bytes")
