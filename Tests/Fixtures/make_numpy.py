#!/usr/bin/env python3
"""Makes the files in Tests/Fixtures/numpy with NumPy, and checks those that Tern writes.

    python make_numpy.py            # writes matrix.npz, deflated.npz and the npy files
    python make_numpy.py --check    # reads written*, which `swift test` compares with what Tern writes

`TERN_RECORD=1 swift test --filter NumPyTests` writes those anew.
"""
import pathlib
import sys
import zipfile

import numpy as np

FOLDER = pathlib.Path(__file__).parent / "numpy"
DTYPES = ["b1", "u1", "i1", "i2", "i4", "i8", "f2", "f4", "f8", "c8", "c16", "u2", "u4", "u8"]
N = np.arange(6).reshape(2, 3)


def values(dtype):
    """0, 1, … 5 in two rows; bool: is it odd; signed: from -2 on; floating: quarters, some of them special; complex: n - n·i."""
    if dtype == "b1":
        return N % 2 == 1
    if dtype[0] == "c":
        return (N - 1j * N).astype(dtype)
    if dtype[0] == "f":
        x = (N / 4).astype(dtype)
        x[0, 1], x[0, 2], x[1, 0] = np.nan, np.inf, -0.0
        return x
    return (N - (2 if dtype[0] == "i" else 0)).astype(dtype)


def arrays():
    """Each dtype in both orders of bytes and of dimensions, and shapes that are special."""
    made = {}
    for dtype in DTYPES:
        for order, mark in (("little", "<"), ("big", ">")):
            for layout in "CF":
                array = np.asarray(values(dtype), order=layout)
                made[f"{dtype}-{order}-{layout}"] = array.astype(array.dtype.newbyteorder(mark), order="K")
    made["scalar"] = np.float64(2.5)
    made["none"] = np.zeros((3, 0, 2), "<i2")
    made["cube.F"] = np.asfortranarray(np.arange(24).reshape(2, 3, 4).astype("<f4"))
    made["zeros"] = np.zeros(5000)
    return made


def write(name, array, version=None):
    with open(FOLDER / name, "wb") as file:
        np.lib.format.write_array(file, array, version=version)


def make():
    FOLDER.mkdir(exist_ok=True)
    np.savez(FOLDER / "matrix.npz", **arrays())
    np.savez_compressed(FOLDER / "deflated.npz", **arrays())
    np.savez(FOLDER / "empty.npz")
    np.savez(FOLDER / "list.npz", N, N + 1)
    for major in (1, 2, 3):
        write(f"version-{major}.npy", N.astype("<f4"), (major, 0))
    np.savez(FOLDER / "mixed.npz", first=np.array([1, 2], "<f4"), dates=np.array(["2020-01-02", "2021-03-04"], "<M8[D]"),
             records=np.zeros(3, [("a", "<i4"), ("b", "<f4", (2,))]), texts=np.array([["a"], ["bcd"]], "<U3"),
             objects=np.array([None, {}], object))
    with zipfile.ZipFile(FOLDER / "mixed.npz", "a") as archive:
        archive.writestr("notes.txt", "notes")
        with archive.open("last.npy", "w") as file:
            np.lib.format.write_array(file, np.arange(3))
    write("too-large.npy", np.array([1, 2**63], "<u8"))
    write("dates.npy", np.array([1], "<M8[s]"))
    write("records.npy", np.zeros(2, [("a", "<f4"), ("b", "<i4")]))
    with open(FOLDER / "objects.npy", "wb") as file:
        np.save(file, np.array([{}]), allow_pickle=True)


def same(found, expected, name):
    assert found.dtype == expected.dtype.newbyteorder("<") and found.shape == expected.shape, (name, found.dtype, found.shape)
    assert found.tobytes() == expected.astype(found.dtype).tobytes(), name


def check():
    widened = {"u2": "i4", "u4": "i8", "u8": "i8"}
    expected = {name: array.astype(widened.get(name[:2], array.dtype)) for name, array in arrays().items()}
    for file in ("written.npz", "written-deflated.npz"):
        with np.load(FOLDER / file) as found:
            assert set(found.files) == set(expected), set(found.files) ^ set(expected)
            for name in found.files:
                same(found[name], expected[name], name)
    cube = np.load(FOLDER / "written-F.npy")
    same(cube, expected["cube.F"], "cube.F")
    assert cube.flags.f_contiguous
    print(f"{len(expected)} arrays as they should be, twice")


if __name__ == "__main__":
    check() if "--check" in sys.argv else make()
