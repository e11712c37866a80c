#!/usr/bin/env python3
"""Makes the files in Tests/Fixtures/safetensors with the safetensors package, and checks the one that Tern writes.

    pip install torch safetensors
    python make_safetensors.py            # writes every_dtype.safetensors and empty.safetensors
    python make_safetensors.py --check    # reads written.safetensors, which `swift test` compares with what Tern writes

`TERN_RECORD=1 swift test --filter writesWhatPythonReads` writes that one anew.
"""
import pathlib
import sys

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

FOLDER = pathlib.Path(__file__).parent / "safetensors"
DTYPES = {"f64": torch.float64, "f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16, "i64": torch.int64,
          "i32": torch.int32, "i16": torch.int16, "i8": torch.int8, "u8": torch.uint8, "bool": torch.bool, "c64": torch.complex64}


def tensors():
    """For each dtype 0, 1, … 5 in two rows (bool: is it odd; complex: n − n·i); a 0-dim one; some without elements."""
    made = {}
    for name, dtype in DTYPES.items():
        n = torch.arange(6).reshape(2, 3)
        made[name] = torch.complex(n.float(), -n.float()) if dtype.is_complex else (n % 2 == 1) if dtype == torch.bool else n.to(dtype)
    made["scalar"] = torch.tensor(2.5)
    made["none"] = torch.zeros(0)
    made["none.wide"] = torch.zeros(3, 0, 2, dtype=torch.int16)
    made["名前 \"q\"\\\n"] = torch.tensor([7, 8], dtype=torch.uint8)
    return made


def others():
    """Types that Tern has not: unsigned ones that it reads into wider ones, and others."""
    made = {str(dtype)[6:]: torch.arange(6).reshape(2, 3).to(dtype) for dtype in (torch.uint16, torch.uint32, torch.uint64)}
    made["small"], made["smaller"] = torch.ones(4).to(torch.float8_e4m3fn), torch.ones(2, 3).to(torch.float8_e5m2)
    made["weight"] = torch.tensor([1.5, -2.0])
    made["\u00e9"], made["e\u0301"] = torch.tensor([1]), torch.tensor([2])  # one letter, written in two ways
    return made


METADATA = {"format": "pt", "clé": "a \"b\"\\\n"}


def check(path):
    found, expected = load_file(path), tensors()
    assert found.keys() == expected.keys(), found.keys() ^ expected.keys()
    for name, tensor in expected.items():
        assert found[name].dtype == tensor.dtype and found[name].shape == tensor.shape, name
        assert torch.equal(found[name], tensor), name
    with safe_open(path, "pt") as file:
        assert file.metadata() == METADATA, file.metadata()
    print(f"{path.name}: {len(found)} tensors as expected")


if "--check" in sys.argv:
    check(FOLDER / "written.safetensors")
else:
    FOLDER.mkdir(exist_ok=True)
    save_file(tensors(), FOLDER / "every_dtype.safetensors", METADATA)
    save_file({}, FOLDER / "empty.safetensors")
    save_file(others(), FOLDER / "others.safetensors")
    check(FOLDER / "every_dtype.safetensors")
