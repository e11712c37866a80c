"""Runs the chapter's snippets in PyTorch and writes what each printed to outputs.json, beside this file.

    pip install torch==2.13.0 && python Tests/TernBookTests/PyTorch/run.py

A snippet begins with `# %% Title`, the title of a cell of Sources/TernBook. The two print the same to the letter, unless a mark before
the title gives the reason why not:

    # %% [error: why] Title    both print the text of an error alone, each its own; Tern's has every number that PyTorch's has (not of a word: mat1)
    # %% [varies: why] Title   the numbers are others at each run; the texts around them are the same
"""
import contextlib
import io
import json
import os
import pathlib
import re
import sys
import tempfile
import types
import warnings

import torch

warnings.simplefilter("ignore")
here = pathlib.Path(__file__).resolve().parent
sections = []
for source in sorted(here.glob("section*.py")):
    parts = re.split(r"^# %% (.*)\n", source.read_text(), flags=re.M)
    # Pickles name classes by their module, which must be found there.
    sys.modules["__main__"] = types.ModuleType("__main__")
    scope, cells = vars(sys.modules["__main__"]), []
    exec(compile(parts[0], source.name, "exec"), scope)
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        for title, code in zip(parts[1::2], parts[2::2]):
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                exec(compile(code, title, "exec"), scope)
            mark, reason, title = re.fullmatch(r"(?:\[(error|varies): (.+?)\] )?(.*)", title).groups()
            cell = {"title": title, "code": code.strip(), "output": printed.getvalue()}
            cells.append(cell | ({"mark": mark, "reason": reason} if mark else {}))
    number = source.stem.removeprefix("section").replace("_", ".")
    sections.append({"number": number, "cells": cells})
# One file each way: PyTorch reads what Tern wrote, and the tests read what PyTorch wrote.
torch.save({"x": torch.arange(4), "y": torch.zeros(4)}, here / "torch-mydict.pt")
read = torch.load(here / "tern-mydict.pt", weights_only=True)
assert list(read) == ["x", "y"] and read["x"].equal(torch.arange(4)) and read["y"].equal(torch.zeros(4))
out = here / "outputs.json"
out.write_text(json.dumps({"torch": torch.__version__.split("+")[0], "sections": sections}, indent=1, ensure_ascii=False) + "\n")
print(f"{sum(len(s['cells']) for s in sections)} snippets, {os.path.relpath(out)}")
