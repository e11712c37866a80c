manualSeed(0)
let net = Sequential(LazyLinear(256), ReLU(), LazyLinear(10))
print(net)
print(net.parameters()[0])

// Sequential(
//   (0): LazyLinear(in_features=0, out_features=256, bias=True)
//   (1): ReLU()
//   (2): LazyLinear(in_features=0, out_features=10, bias=True)
// )
// <UninitializedParameter>
