let model = Sequential(Linear(20, 8), ReLU(), Dropout(0.1), Linear(8, 2))
try saveModel(model.eval(), to: folder + "/model.tern")
let again = try loadModel(folder + "/model.tern")
print(again)
print((again(X) .== model(X)).all())

// Sequential(
//   (0): Linear(in_features=20, out_features=8, bias=True)
//   (1): ReLU()
//   (2): Dropout(p=0.1, inplace=False)
//   (3): Linear(in_features=8, out_features=2, bias=True)
// )
// tensor(True)
