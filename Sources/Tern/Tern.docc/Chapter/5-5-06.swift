let clone = MLP()
try clone.loadStateDict(load(folder + "/mlp.params"))
print(clone.eval())
print(clone(X) .== Y)

// MLP(
//   (hidden): Linear(in_features=20, out_features=256, bias=True)
//   (output): Linear(in_features=256, out_features=10, bias=True)
// )
// tensor([[True, True, True, True, True, True, True, True, True, True],
//         [True, True, True, True, True, True, True, True, True, True]])
