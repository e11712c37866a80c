print(net[0].weight.data.abs().max().doubleValue <= 0.5)
print(net[2].weight.data.abs().max().doubleValue <= 1 / 8.0.squareRoot())

// true
// true
