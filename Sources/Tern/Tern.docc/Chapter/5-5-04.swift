let layer = Linear(2, 1)
let checkpoint: SavedValue = [
    "epoch": 3, "best": 0.25, "note": "after warm-up",
    "model": SavedValue(layer.stateDict()),
]
try save(checkpoint, to: folder + "/checkpoint.pt")
print(try loadValue(folder + "/checkpoint.pt"))
let weights = try load(folder + "/checkpoint.pt", only: ["model"])
print(weights.names.joined(separator: " "))

// {'epoch': 3, 'best': 0.25, 'note': 'after warm-up', 'model': OrderedDict([('weight', tensor([[-0.0053,  0.3793]])), ('bias', tensor([-0.5820]))])}
// model.weight model.bias
