#!/usr/bin/env python3
"""Takes a sample out of a folder of parity cases: as many of each operator, module, optimizer as fit.

    python make_sample.py CASES Tests/Parity/Sample [--bytes 2900000]

Small cases are taken first, one of each group, then another of each, and so on; the tensors of both sides are packed again.
"""
import argparse
import json
import os


def rows(value):
    """Every tensor's row in a value, in order."""
    if isinstance(value, dict):
        if "$tensor" in value:
            yield value["$tensor"]
        else:
            for v in value.values():
                yield from rows(v)
    elif isinstance(value, list):
        for v in value:
            yield from rows(v)


class Side:
    def __init__(self, folder):
        self.lines = [json.loads(line) for line in open(os.path.join(folder, "lines.jsonl"))]
        self.blob = open(os.path.join(folder, "tensors.bin"), "rb").read()

    def size(self, n):
        return len(json.dumps(self.lines[n])) + 1 + sum(-(-row["bytes"] // 8) * 8 for row in rows(self.lines[n]))

    def write(self, folder, chosen):
        os.makedirs(folder, exist_ok=True)
        blob = bytearray()
        with open(os.path.join(folder, "lines.jsonl"), "w") as out:
            for n in chosen:
                line = json.loads(json.dumps(self.lines[n]))
                for row in rows(line):
                    data = self.blob[row["offset"]:row["offset"] + row["bytes"]]
                    blob += b"\0" * (-len(blob) % 8)
                    row["offset"] = len(blob)
                    blob += data
                out.write(json.dumps(line) + "\n")
        open(os.path.join(folder, "tensors.bin"), "wb").write(blob)
        return os.path.getsize(os.path.join(folder, "lines.jsonl")) + len(blob)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("cases", help="what make_cases.py wrote")
    p.add_argument("out")
    p.add_argument("--bytes", type=int, default=2_900_000)
    args = p.parse_args()
    sides = {name: Side(os.path.join(args.cases, name)) for name in ("cases", "expected")}
    groups = {}
    for n, line in enumerate(sides["cases"].lines):
        groups.setdefault((line["kind"], line["id"].rsplit("/", 1)[0]), []).append(n)
    size = [sum(side.size(n) for side in sides.values()) for n in range(len(sides["cases"].lines))]
    order = []  # (how many of its group come before it, its size, itself)
    for members in groups.values():
        spread = sorted(members[::max(1, len(members) // 4)], key=size.__getitem__)
        order += [(place, size[n], n) for place, n in enumerate(spread)]
    chosen, left = [], args.bytes
    for _, bytes_, n in sorted(order):
        if bytes_ <= min(left, 60_000):
            chosen.append(n)
            left -= bytes_
    chosen.sort()
    total = sum(side.write(os.path.join(args.out, name), chosen) for name, side in sides.items())
    kinds = {}
    for n in chosen:
        kinds[sides["cases"].lines[n]["kind"]] = kinds.get(sides["cases"].lines[n]["kind"], 0) + 1
    print(f"{len(chosen)} cases of {len(groups)} groups, {total} bytes: {kinds}")


if __name__ == "__main__":
    main()
