do {
    _ = try build([["Linear", 20, 8], ["os.system", 1]])
} catch {
    print(error)
}

// UnknownLayer(entry: ['os.system', 1])
