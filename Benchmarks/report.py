#!/usr/bin/env python3
"""Measures, and writes the documentation's page about speed with its picture. Run it with a Python that has PyTorch, on a machine
that does nothing else:

    python Benchmarks/report.py --side-by-side PATH/side_by_side.py [--rounds 1] [--only REGEX] [--output DIRECTORY]

side_by_side.py takes --ours, --torch, --rounds, --threads, --only and --json, runs the workloads of `tern-bench --list` in turn with those
of torch_peer.py beside it, and writes for each the medians and the ratio. Without it that part is left out.
"""
import argparse
import datetime
import json
import math
import os
import pathlib
import platform
import re
import shlex
import subprocess
import sys
import tempfile

here = pathlib.Path(__file__).resolve().parent
sizes = [16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048]


def output_of(*command, **options):
    return subprocess.run(command, check=True, capture_output=True, text=True, **options).stdout


def time_torch_products(threads):
    """What `tern-bench matmul` prints, of torch.matmul."""
    import time
    import torch
    torch.set_num_threads(threads)
    rates = []
    for n in sizes:
        a, b = torch.randn(n, n), torch.randn(n, n)

        def seconds(count):
            began = time.perf_counter()
            for _ in range(count):
                a @ b
            return (time.perf_counter() - began) / count
        seconds(2)
        count = max(1, int(0.03 / seconds(max(1, min(1000, int(0.03 / max(seconds(1), 1e-8)))))))
        rates.append(2e-9 * n ** 3 / sorted(seconds(count) for _ in range(5))[2])
    print(json.dumps({"library": "torch", "version": torch.__version__, "sizes": sizes, "gflops": rates}))


def machine(bench, threads):
    """The machine in words."""
    def read(path):
        try:
            return pathlib.Path(path).read_text()
        except OSError:
            return ""
    model = re.search(r"model name\s*: (.*)", read("/proc/cpuinfo"))
    caches = {}
    for cache in pathlib.Path("/sys/devices/system/cpu/cpu0/cache").glob("index*"):
        if read(cache / "type").strip() != "Instruction":
            caches["L" + read(cache / "level").strip()] = read(cache / "size").strip().replace("K", " KiB")
    memory = re.search(r"MemTotal: *(\d+)", read("/proc/meminfo"))
    system = re.search(r'PRETTY_NAME="(.*)"', read("/etc/os-release"))
    swift = re.search(r"Swift version ([\w.-]+)", output_of("swift", "--version"))
    return ", ".join(filter(None, [
        (model.group(1) if model else platform.processor() or platform.machine()) + f", {threads} cores",
        output_of(bench, "--machine").strip() + " kernels",
        "caches " + ", ".join(f"{k} {v}" for k, v in sorted(caches.items())) if caches else "",
        f"{int(memory.group(1)) / 2 ** 20:.0f} GiB" if memory else "",
        f"{system.group(1) if system else platform.system()} ({platform.release()})",
        f"Swift {swift.group(1)}" if swift else ""]))


def number(x):
    return f"{x:,.0f}" if x >= 99.95 else f"{x:.3g}"


def table(head, rows):
    """Markdown; the first column is text, the others are numbers."""
    lines = [head, ["---"] + ["---:"] * (len(head) - 1)] + rows
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def side_by_side(args, bench, threads):
    peer = pathlib.Path(args.side_by_side).resolve().parent / "torch_peer.py"
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "table.json")
        command = [sys.executable, args.side_by_side, "--ours", shlex.quote(str(bench)), "--json", path, "--threads", str(threads),
                   "--torch", shlex.join([sys.executable, str(peer)]), "--rounds", str(args.rounds)]
        subprocess.run(command + (["--only", args.only] if args.only else []), check=True)
        measured = json.loads(pathlib.Path(path).read_text())
    rows = []
    for name, r in measured.items():
        if r:
            range_of_ratio = f" ({r['min']:.2f}–{r['max']:.2f})" if args.rounds > 1 else ""
            rows.append([f"`{name}`", number(r["ours_us"]), number(r["torch_us"]), f"{r['ratio']:.2f}{range_of_ratio}",
                         number(r["ours_mb"]), number(r["torch_mb"])])
    return table(["Workload", "Tern, µs", "PyTorch, µs", "PyTorch / Tern", "Tern, MB", "PyTorch, MB"], rows)


def products(bench, threads):
    """{threads: {library: GF/s by size}}, of those libraries that are there."""
    curves, version = {}, ""
    for count in sorted({1, threads}):
        curves[count] = {}
        for library in ["tern", "torch", "openblas", "onednn"]:
            command = [str(bench), "matmul", "--library", library, "--threads", str(count)] + [str(n) for n in sizes]
            if library == "torch":
                command = [sys.executable, __file__, "--torch-products", str(count)]
            run = subprocess.run(command, capture_output=True, text=True, env=dict(os.environ, OMP_NUM_THREADS=str(count)))
            if run.returncode:
                print(f"no products by {library}: {run.stderr.strip().splitlines()[-1:]}")
                continue
            answer = json.loads(run.stdout.splitlines()[-1])
            version = answer.get("version", version)
            curves[count][library] = answer["gflops"]
    return curves, version


def convolutions(bench, threads):
    """The table of each pass of each layer, by Tern and, where it is there, by oneDNN."""
    counts, rates, layers = sorted({1, threads}), {}, []
    for library in ["tern", "onednn"]:
        for count in counts:
            run = subprocess.run([str(bench), "convolution", "--library", library, "--threads", str(count)], capture_output=True, text=True,
                                 env=dict(os.environ, OMP_NUM_THREADS=str(count)))
            if run.returncode:
                print(f"no convolutions by {library}: {run.stderr.strip().splitlines()[-1:]}")
                continue
            answer = json.loads(run.stdout.splitlines()[-1])
            layers = answer["layers"]
            rates[library, count] = answer["gflops"]
    rows = []
    for i, layer in enumerate(layers):
        batch, channels, side, out, kernel, stride, _ = layer.split(",")
        for name in rates["tern", 1]:
            row = [f"{batch}×{channels}×{side}×{side} → {out}, {kernel}×{kernel}" + (f" / {stride}" if stride != "1" else ""),
                   name.replace("_gradient", "’s gradient").replace("weight’s", "weights’")]
            for count in counts:
                ours, theirs = (rates[library, count][name][i] if (library, count) in rates else None for library in ["tern", "onednn"])
                row += [number(ours)] + ([number(theirs), f"{100 * ours / theirs:.0f} %"] if theirs else ["", ""])
            rows.append(row)
    head = ["Layer", "Pass"]
    for n in counts:
        head += [f"Tern, {n} thread{'s' if n > 1 else ''}", "oneDNN", "share"]
    return table(head, rows)


def picture(curves, peaks):
    """One panel for each number of threads, as SVG: GF/s over the size, whose axis is logarithmic; dashed, the machine's peak."""
    style = {"tern": ("Tern", "#1f8a8c", 4), "torch": ("PyTorch", "#e08a3c", 2.5), "openblas": ("OpenBLAS", "#8a97a3", 2),
             "onednn": ("oneDNN", "#9b7fc7", 2)}
    names = [name for name in style if any(name in lines for lines in curves.values())]
    width, height, left, top = 460, 320, 64, 56
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {left + (width + left) * len(curves)} {top + height + 64}" '
             'font-family="ui-sans-serif, Helvetica, Arial, sans-serif" font-size="15" fill="#8a97a3">',
             "<title>Products of square float32 matrices, GF/s</title>"]
    for i, (threads, lines) in enumerate(curves.items()):
        x0 = left + i * (width + left)
        greatest = max(peaks[threads], *(max(rates) for rates in lines.values()))
        step = 10 ** math.floor(math.log10(greatest))
        step = next(s for s in (step / 5, step / 2, step, 2 * step) if greatest / s <= 6)
        ceiling = math.ceil(greatest / step) * step

        def x(n):
            return x0 + width * math.log(n / sizes[0]) / math.log(sizes[-1] / sizes[0])

        def y(rate):
            return top + height * (1 - rate / ceiling)
        parts.append(f'<text x="{x0}" y="{top - 30}">GF/s, {threads} thread{"s" if threads > 1 else ""}</text>')
        for k in range(round(ceiling / step) + 1):
            parts.append(f'<path d="M{x0} {y(k * step):.1f}h{width}" stroke="#8a97a3" stroke-opacity="0.3"/>'
                         f'<text x="{x0 - 8}" y="{y(k * step) + 5:.1f}" text-anchor="end">{k * step:g}</text>')
        parts.append(f'<path d="M{x0} {y(peaks[threads]):.1f}h{width}" stroke="#8a97a3" stroke-width="2" stroke-dasharray="7 5"/>')
        for n in sizes:
            if math.log2(n) % 1 == 0:
                parts.append(f'<text x="{x(n):.1f}" y="{top + height + 22}" text-anchor="middle">{n}</text>')
        for name in [name for name in reversed(names) if name in lines]:
            _, color, thickness = style[name]
            points = " ".join(f"{x(n):.1f},{y(rate):.1f}" for n, rate in zip(sizes, lines[name]))
            parts.append(f'<polyline points="{points}" fill="none" stroke="{color}" stroke-width="{thickness}" stroke-linejoin="round"/>')
    for i, name in enumerate(names):
        label, color, thickness = style[name]
        at, below = left + i * 130, top + height + 50
        parts.append(f'<path d="M{at} {below - 5}h26" stroke="{color}" stroke-width="{thickness}"/>'
                     f'<text x="{at + 34}" y="{below}">{label}</text>')
    at = left + len(names) * 130
    parts.append(f'<path d="M{at} {below - 5}h26" stroke="#8a97a3" stroke-width="2" stroke-dasharray="7 5"/>'
                 f'<text x="{at + 34}" y="{below}">peak</text>')
    return "\n".join(parts + ["</svg>", ""])


def roofline(bench, threads):
    """Its table, and the peaks of arithmetic, in GF/s, by the number of threads."""
    command = [str(bench), "roofline", "--json"] + [w for n in sorted({1, threads}) for w in ("--threads", str(n))]
    rows, cells, peaks = [], None, {}
    for line in output_of(*command).splitlines():
        r = json.loads(line)
        if r["unit"] == "GF/s":
            peaks[r["threads"]] = r["peak"]
        key = [r["kernel"], r["size"], number(r["bytes"] / 1e6), number(r["flops"] / 1e6) if r["flops"] else ""]
        if cells is None or cells[:4] != key:
            cells = key
            rows.append(cells)
        cells += [number(r["us"]), f"{number(r['achieved'])} of {number(r['peak'])} {r['unit']}", f"{r['percent']:.0f} %"]
    head = ["Kernel", "Size", "MB", "MFLOP"]
    for n in sorted({1, threads}):
        head += [f"{n} thread{'s' if n > 1 else ''}, µs", "reached", "share"]
    return table(head, rows), peaks


def page(args):
    bench = args.bench
    if not bench:
        build = ["swift", "build", "-c", "release", "--package-path", str(here)]
        subprocess.run(build + ["--product", "tern-bench"], check=True)
        bench = pathlib.Path(output_of(*build, "--show-bin-path").strip()) / "tern-bench"
    threads = args.threads or len(os.sched_getaffinity(0))
    load = os.getloadavg()[0]
    commit = output_of("git", "-C", str(here), "rev-parse", "--short=10", "HEAD").strip()
    compared = side_by_side(args, bench, threads) if args.side_by_side else None
    curves, version = products(bench, threads)
    convolved = convolutions(bench, threads)
    roof, peaks = roofline(bench, threads)
    text = f"""# Speed

What training steps, models and kernels cost, beside PyTorch and beside what the machine could do.

## Overview

Measured on {datetime.date.today()} at commit {commit}, beside PyTorch {version}. The machine: {machine(bench, threads)}; its load was \
{load:.2f} when this began. All numbers are medians after warm-up, and float32 where nothing else is said. This page and its picture are \
written by `Benchmarks/report.py`, which measures everything anew.
"""
    if compared:
        text += f"""
## Beside PyTorch

Eager PyTorch and Tern with {threads} threads each, one after the other, workload by workload. The ratio says how many times as long PyTorch
takes. Memory is the most that the process had. `Benchmarks/Sources/TernBench/Workloads.swift` defines the workloads; a step is
zeroGrad, forward, backward and the optimizer's step, and `start` a whole process that makes one tensor.

{compared}
"""
    text += f"""
## Matrix products

Products of square matrices, from {sizes[0]} to {sizes[-1]}, by whoever of these is there. OpenBLAS and oneDNN are
called directly, without a tensor library around them. Dashed: the machine's peak, measured as below.

![GF/s of Tern, PyTorch, OpenBLAS and oneDNN over the size of the matrices](Speed-products.svg)

## Convolutions

The layers of a ResNet-18 for pictures of 64×64 pixels in batches of 16, and of some for one of 224×224, in GF/s: the forward pass and both
gradients, each alone. oneDNN is called directly, with its operands in the formats that it likes best; bringing them there and back is
not timed. The last number is the stride.

{convolved}

## Kernels and the roofline

A kernel must move its operands and its results through memory once, and do its arithmetic. How long that would take at the machine's peak,
divided by how long it took, is its share. The peaks are measured in the same run, by loops that are not Tern's: bytes a second in arrays of
as many bytes in all as the kernel's, read and written in about its proportion (best of plain and streaming stores), and multiply-adds in
registers. What fits into a cache is compared with that cache. Exponentials and sorts are compared with memory too, although they compute.

{roof}
"""
    output = pathlib.Path(args.output)
    (output / "Speed.md").write_text(text)
    (output / "Speed-products.svg").write_text(picture(curves, peaks))


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--side-by-side", metavar="PATH")
parser.add_argument("--bench", metavar="PATH", help="a tern-bench that is built; default: it is built")
parser.add_argument("--rounds", type=int, default=1)
parser.add_argument("--only", metavar="REGEX", help="only these workloads")
parser.add_argument("--threads", type=int, help="default: the cores that this process may use")
parser.add_argument("--output", default=here.parent / "Sources/Tern/Tern.docc", help="default: the documentation's folder")
parser.add_argument("--torch-products", type=int, help=argparse.SUPPRESS)
args = parser.parse_args()
time_torch_products(args.torch_products) if args.torch_products else page(args)
