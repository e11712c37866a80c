#!/usr/bin/env python3
"""Writes the page that says which of PyTorch's operators and modules Tern has, and under which names.

    python Tests/Parity/coverage.py > Sources/Tern/Tern.docc/Coverage.md      # from the repository's root; needs torch

PyTorch's names are those of its own test databases; Tern's are read from Sources/ParityKit, where each stands beside PyTorch's signature.
"""
import glob
import re

from torch.testing._internal.common_methods_invocations import op_db
from torch.testing._internal.common_modules import module_db

# What the kit does not call, or not under the name that a reader looks for.
ELSEWHERE = {
    "__getitem__": "Tensor[]", "arange": "Tensor.arange", "atleast_1d": "Tensor.atleast1d", "atleast_2d": "Tensor.atleast2d",
    "atleast_3d": "Tensor.atleast3d", "bernoulli": "Tensor.bernoulli", "constant_pad_nd": "Tensor.pad", "nn.functional.pad": "Tensor.pad", "nn.functional.interpolate": "interpolate",
    "scatter": "Tensor.scatter", "tensordot": "Tensor.tensordot", "slice": "Tensor[]", "zero_": "Tensor[]", "fill": "Tensor.maskedFill", "item": "Tensor.item",
    "empty": "Tensor.empty", "exponential": "Tensor.exponential", "normal": "Tensor.normal", "uniform": "Tensor.uniform",
    "rand_like": "Tensor.rand", "randn_like": "Tensor.randn", "randint_like": "Tensor.randint", "special.zeta": "Tensor.zeta",
    "nn.functional.dropout": "dropout", "nn.functional.dropout2d": "dropout2d", "nn.functional.dropout3d": "dropout3d",
    "nn.functional.alpha_dropout": "alphaDropout", "nn.functional.feature_alpha_dropout": "FeatureAlphaDropout",
    "nn.functional.rrelu": "RReLU", "nn.functional.one_hot": "oneHot", "nn.functional.multi_head_attention_forward": "MultiheadAttention",
    "cholesky_inverse": "Tensor.choleskyInverse", "geqrf": "Tensor.geqrf", "ormqr": "Tensor.ormqr", "lu": "Tensor.lu",
    "lu_solve": "Tensor.luSolve", "lu_unpack": "linalg.luUnpack", "svd_lowrank": "Tensor.svdLowRank", "pca_lowrank": "Tensor.pcaLowRank",
    "triangular_solve": "Tensor.triangularSolve", "linalg.cholesky_ex": "linalg.choleskyEx", "linalg.inv_ex": "linalg.invEx",
    "linalg.householder_product": "linalg.householderProduct", "linalg.ldl_factor": "linalg.ldlFactor",
    "linalg.ldl_factor_ex": "linalg.ldlFactorEx", "linalg.ldl_solve": "linalg.ldlSolve", "linalg.lu_factor_ex": "linalg.luFactorEx",
    "linalg.solve_ex": "linalg.solveEx", "RReLU": "RReLU", "AvgPool2d": "AvgPool2d", "AvgPool3d": "AvgPool3d",
    "TransformerEncoder": "TransformerEncoder", "masked.logaddexp": "Masked.logaddexp", "nonzero": "Tensor.nonzero",
    "nn.functional.adaptive_max_pool1d": "adaptiveMaxPool1d", "zeros": "Tensor.zeros", "ones": "Tensor.ones",
    "to": "Tensor.to", "cfloat": "Tensor.to(.complex64)", "cdouble": "Tensor.to(.complex128)",
    **{f"nn.functional.conv{n}d": f"conv{n}d" for n in (1, 2, 3)},
    **{f"nn.functional.conv_transpose{n}d": f"convTranspose{n}d" for n in (1, 2, 3)},
}

# What is not there, and why; the first that matches counts.
WHY = [
    (r"_copy$|as_strided|view_as|resolve_|_like$|resize_|unsafe_|sum_to_size|conj_physical|empty", "about storage, which values have not"),
    (r"sparse|to_sparse|jiterator|torch\.ops|native_|_native|_softmax_backward|hash_tensor|_refs|^_|_backward$|linear_cross_entropy",
     "PyTorch's internals, and layouts that are not there"),
    (r"special\.", "special functions that no layer or loss needs"),
    (r"", "not there yet"),
]


def entries():
    """PyTorch's name: Tern's, from every `op("name(…)", …)` and every table of functions in the kit."""
    found = {}
    for path in sorted(glob.glob("Sources/ParityKit/*.swift")):
        text = open(path).read()
        for block in re.split(r"\nlet ", text):
            table = re.search(r'Table\((?:"([\w.]+)")?', block)
            prefix = (table and table.group(1)) or ""
            owner = "Masked" if prefix == "masked." else "Tensor"
            for names, rest in re.findall(r'op\(\s*"([\w.|]+)(?:\\\\)?\([^"]*"\)?,?\s*(.*?)(?=\n    op\(|\n    let |\n    for |\n\}|\Z)', block, re.S):
                for name in names.split("|"):
                    found[prefix + name] = swift(rest, owner)
            for name, rest in re.findall(r'"([\w.]+)": (\{[^{}]*\}|[\w.]+)', block):
                found.setdefault(prefix + name, swift(rest, owner))
                for kind in ("new_" + name, name + "_like"):
                    if name in ("zeros", "ones"):
                        found[kind] = f"Tensor.{name}"
    found |= {name: f"Tensor.to({dtype})" for name, dtype in found.items() if dtype.startswith(".") and dtype[1:].isalnum()}
    return found | ELSEWHERE


def check(names):
    """Every name must be declared somewhere in the sources."""
    sources = "".join(open(path).read() for path in glob.glob("Sources/Tern*/**/*.swift", recursive=True))
    wrong = []
    for name in sorted(set(names)):
        last = re.sub(r"\(.*", "", name).split(".")[-1]
        if last.isidentifier() and not re.search(rf"\b(func|class|var|let|struct|enum) `?{last}\b", sources):
            wrong.append(name)
    if wrong:
        raise SystemExit(f"not declared in Sources: {', '.join(wrong)}")


def swift(text, owner):
    """The function that a closure calls, or that is named."""
    text = re.sub(r"\bas (Method|Function|Parts|Quantile)\b.*", "", text.strip())
    if not text.startswith((")", "{")) and "{" not in text:
        name = re.match(r"[\w.]+", text)
        return re.sub(r"\.init$", "", name.group(0)) if name else text
    body = re.sub(r"^.*?\bin\b\s", "", text[text.index("{") + 1:], flags=re.S) if " in" in text else text[text.index("{") + 1:]
    infix = re.search(r"\$\d (\.?[-+*/%&|^<>=!]+) \$\d|(~|-)\$0", body)
    if infix:
        return infix.group(1) or infix.group(2)
    call = re.search(r"\b(linalg|Tensor|Window)\.(\w+)", body)
    if call:
        return call.group(0)
    method = re.search(r"(?:\$\d|\bx|\by)\.(\w+)", body)
    if method and method.group(1) not in ("map",):
        return f"{owner}.{method.group(1)}"
    function = re.search(r"`?\b([a-z]\w+)`?\(", body)
    return function.group(1) if function else owner


def cell(text):
    return "`" + text.replace("|", "\\|") + "`"


def main():
    kit = entries()
    ops = sorted({op.name for op in op_db})
    modules = sorted({m.module_cls.__name__ for m in module_db})
    there = [name for name in ops if name in kit]
    check(kit[name] for name in there + modules if name in kit)
    print("# What of PyTorch is there\n")
    print("PyTorch's operators and modules, and Tern's names for them.\n")
    print("## Overview\n")
    print(f"Of the {len(ops)} operators and {len(modules)} modules that PyTorch's own tests know, Tern has "
          f"{len(there)} and {sum(name in kit for name in modules)}. Written by `Tests/Parity/coverage.py`.\n")
    print("## Operators\n\n| PyTorch | Tern |\n|---|---|")
    for name in there:
        print(f"| {cell(name)} | {cell(kit[name])} |")
    print("\n## Modules\n\n| PyTorch | Tern |\n|---|---|")
    for name in modules:
        print(f"| {cell(name)} | {cell(kit[name]) if name in kit else 'not there yet'} |")
    print("\n## Operators that are not there\n\n| PyTorch | Why |\n|---|---|")
    for name in ops:
        if name not in kit:
            print(f"| {cell(name)} | {next(why for pattern, why in WHY if re.search(pattern, name))} |")


if __name__ == "__main__":
    main()
