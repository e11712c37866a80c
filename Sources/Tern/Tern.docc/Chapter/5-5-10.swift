struct UnknownLayer: Error {
    let entry: SavedValue
}
func build(_ plan: SavedValue) throws -> Sequential {
    let net = Sequential()
    for entry in plan.elements ?? [] {
        let sizes = (entry.elements ?? []).compactMap(\.int)
        switch (entry.elements?.first?.string, sizes.count) {
        case ("Linear", 2): net.append(Linear(sizes[0], sizes[1]))
        case ("ReLU", 0): net.append(ReLU())
        default: throw UnknownLayer(entry: entry)
        }
    }
    return net
}
let plan: SavedValue = [["Linear", 20, 8], ["ReLU"], ["Linear", 8, 2]]
let model = try build(plan)
let both = ["plan": plan, "state": SavedValue(model.stateDict())]
try save(both, to: folder + "/model.pt")
let file = try loadValue(folder + "/model.pt")
let again = try build(file["plan"] ?? [])
try again.loadStateDict(
    load(
        folder + "/model.pt", only: ["state"],
        renaming: withoutPrefix("state.")))
print(again)
print((again(X) .== model(X)).all())

// Sequential(
//   (0): Linear(in_features=20, out_features=8, bias=True)
//   (1): ReLU()
//   (2): Linear(in_features=8, out_features=2, bias=True)
// )
// tensor(True)
