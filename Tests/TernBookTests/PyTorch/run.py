"""Runs the chapter's snippets in PyTorch and writes what each printed to outputs.json, beside this file.

    pip install torch==2.13.0 && python Tests/TernBookTests/PyTorch/run.py

A snippet begins with `# %% Title`, the title of a cell of Sources/TernBook. `[differs]` before it: the two print different texts
on purpose, such as error messages.
"""
import contextlib
import io
import json
import os
import pathlib
import re
import tempfile
import warnings

import torch

warnings.simplefilter("ignore")
here = pathlib.Path(__file__).resolve().parent
sections = []
for source in sorted(here.glob("section*.py")):
    parts = re.split(r"^# %% (.*)\n", source.read_text(), flags=re.M)
    scope, cells = {"__name__": "__main__"}, []
    exec(compile(parts[0], source.name, "exec"), scope)
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        for title, code in zip(parts[1::2], parts[2::2]):
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                exec(compile(code, title, "exec"), scope)
            differs = title.startswith("[differs] ")
            cells.append({"title": title.removeprefix("[differs] "), "differs": differs, "code": code.strip(), "output": printed.getvalue()})
    number = source.stem.removeprefix("section").replace("_", ".")
    sections.append({"number": number, "cells": cells})
# One file each way: PyTorch reads what Tern wrote, and the tests read what PyTorch wrote.
torch.save({"x": torch.arange(4), "y": torch.zeros(4)}, here / "torch-mydict.pt")
read = torch.load(here / "tern-mydict.pt", weights_only=True)
assert list(read) == ["x", "y"] and read["x"].equal(torch.arange(4)) and read["y"].equal(torch.zeros(4))
out = here / "outputs.json"
out.write_text(json.dumps({"torch": torch.__version__.split("+")[0], "sections": sections}, indent=1, ensure_ascii=False) + "\n")
print(f"{sum(len(s['cells']) for s in sections)} snippets, {os.path.relpath(out)}")
