let y = Tensor.zeros(4)
try save([x, y], to: folder + "/x-files")
print(try loadTensors(folder + "/x-files"))

// [tensor([0, 1, 2, 3]), tensor([0., 0., 0., 0.])]
