manualSeed(0)
let files = FileManager.default
let folder = files.temporaryDirectory.path + "/tern-\(UUID())"
defer { try? files.removeItem(atPath: folder) }
let x = Tensor.arange(4)
try save(x, to: folder + "/x-file")
print(try loadTensor(folder + "/x-file"))

// tensor([0, 1, 2, 3])
