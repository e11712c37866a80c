let other = Sequential(Linear(20, 256), ReLU(), Linear(256, 10))
do {
    try other.loadStateDict(load(folder + "/mlp.params"))
} catch {
    print(error)
}

// loadStateDict: the state dict does not fit Sequential:
//   missing: 0.weight, 0.bias, 2.weight, 2.bias
//   unexpected: hidden.weight, hidden.bias, output.weight, output.bias
